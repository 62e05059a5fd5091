const fs = require('fs')
const { Client } = require('ssh2')

const [host, port, username, password, half] = process.argv.slice(2)

// call calls a function of the library and promises what it calls back with.
function call(sftp, name, ...args) {
  return new Promise((resolve, reject) => sftp[name](...args, (err, value) => err ? reject(new Error(`${name}: ${err.message}`)) : resolve(value)))
}

function pipe(from, to) {
  return new Promise((resolve, reject) => {
    from.on('error', reject)
    to.on('error', reject)
    to.on('close', resolve)
    from.pipe(to)
  })
}

async function story(sftp) {
  await call(sftp, 'mkdir', 'new dir')
  await call(sftp, 'fastPut', 'a file', 'new dir/put file')
  await call(sftp, 'fastPut', 'a file', 'new dir/gone file')
  for (const entry of await call(sftp, 'readdir', 'new dir')) console.log(entry.longname)
  await call(sftp, 'rename', 'new dir/put file', 'new dir/renamed file')
  await call(sftp, 'unlink', 'new dir/gone file')
  await call(sftp, 'fastGet', 'new dir/renamed file', 'back file')
  await pipe(fs.createReadStream('a file', { start: Number(half) }), sftp.createWriteStream('half file', { flags: 'r+', start: Number(half) }))
  await pipe(sftp.createReadStream('new dir/renamed file', { start: Number(half) }), fs.createWriteStream('rest file', { flags: 'a' }))
  if (await call(sftp, 'realpath', '.') !== '/') throw new Error('realpath')
}

const client = new Client()
client.on('error', (err) => {
  console.error(err)
  process.exitCode = 1
})
client.on('ready', () => client.sftp((err, sftp) => {
  if (err) throw err
  story(sftp).catch((err) => {
    console.error(err)
    process.exitCode = 1
  }).finally(() => client.end())
}))
client.connect({ host, port: Number(port), username, password, readyTimeout: 20000 })
