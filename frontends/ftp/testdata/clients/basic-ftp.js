const { Client } = require('basic-ftp')

const [host, port, user, password, half] = process.argv.slice(2)

async function story(client) {
  await client.access({ host, port: Number(port), user, password })
  await client.ensureDir('/new dir')
  await client.cd('/')
  await client.uploadFrom('a file', 'new dir/put file')
  await client.uploadFrom('a file', 'new dir/gone file')
  for (const entry of await client.list('new dir')) console.log(entry.name, entry.size, entry.type)
  await client.rename('new dir/put file', 'new dir/renamed file')
  await client.remove('new dir/gone file')
  await client.size('new dir/renamed file')
  await client.lastMod('new dir/renamed file')
  await client.downloadTo('back file', 'new dir/renamed file')
  await client.appendFrom('a file', 'half file', { localStart: Number(half) })
  await client.downloadTo('rest file', 'new dir/renamed file', Number(half))
  if (await client.pwd() !== '/') throw new Error('pwd')
}

const client = new Client(20000)
story(client).catch((err) => {
  console.error(err)
  process.exitCode = 1
}).finally(() => client.close())
