import asyncio
import sys

import asyncssh

host, port, user, password, half = sys.argv[1:]


async def main():
    async with asyncssh.connect(host, int(port), username=user, password=password, known_hosts=None, client_keys=None, agent_path=None) as ssh:
        async with ssh.start_sftp_client() as sftp:
            await sftp.mkdir('new dir')
            await sftp.put('a file', 'new dir/put file')
            await sftp.put('a file', 'new dir/gone file')
            print(await sftp.listdir('new dir'))
            await sftp.rename('new dir/put file', 'new dir/renamed file')
            await sftp.remove('new dir/gone file')
            await sftp.get('new dir/renamed file', 'back file')
            with open('a file', 'rb') as f:
                f.seek(int(half))
                async with sftp.open('half file', 'ab') as up:
                    await up.write(f.read())
            async with sftp.open('new dir/renamed file', 'rb') as down:
                with open('rest file', 'ab') as f:
                    f.write(await down.read(-1, int(half)))
            await sftp.symlink('new dir/renamed file', 'link')
            assert await sftp.readlink('link') == 'new dir/renamed file'
            assert await sftp.exists('link')
            assert not await sftp.exists('missing')
            assert (await sftp.statvfs('/')).bsize > 0


asyncio.run(main())
