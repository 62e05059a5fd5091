import asyncio
import sys

import aioftp

host, port, user, password, half = sys.argv[1:]


async def main():
    async with aioftp.Client.context(host, int(port), user, password) as client:
        await client.make_directory('new dir')
        await client.upload('a file', 'new dir/put file', write_into=True)
        await client.upload('a file', 'new dir/gone file', write_into=True)
        for path, info in await client.list('new dir'):
            print(path.name, info['size'])
        await client.rename('new dir/put file', 'new dir/renamed file')
        await client.remove('new dir/gone file')
        assert await client.exists('new dir/renamed file')
        assert not await client.exists('new dir/gone file')
        await client.download('new dir/renamed file', 'back file', write_into=True)
        with open('a file', 'rb') as f:
            f.seek(int(half))
            async with client.upload_stream('half file', offset=int(half)) as stream:
                await stream.write(f.read())
        with open('rest file', 'ab') as f:
            async with client.download_stream('new dir/renamed file', offset=int(half)) as stream:
                async for block in stream.iter_by_block():
                    f.write(block)


asyncio.run(main())
