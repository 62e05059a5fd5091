import sys

import paramiko

host, port, user, password, half = sys.argv[1:]
ssh = paramiko.SSHClient()
ssh.set_missing_host_key_policy(paramiko.AutoAddPolicy())
ssh.connect(host, int(port), user, password, look_for_keys=False, allow_agent=False)
sftp = ssh.open_sftp()
sftp.mkdir('new dir')
sftp.put('a file', 'new dir/put file')
sftp.put('a file', 'new dir/gone file')
print(sftp.listdir('new dir'))
sftp.rename('new dir/put file', 'new dir/renamed file')
sftp.remove('new dir/gone file')
sftp.get('new dir/renamed file', 'back file')
with open('a file', 'rb') as f, sftp.open('half file', 'ab') as up:
    up.set_pipelined(True)
    f.seek(int(half))
    up.write(f.read())
with sftp.open('new dir/renamed file', 'rb') as down, open('rest file', 'ab') as f:
    down.seek(int(half))
    f.write(down.read())
sftp.chmod('new dir/renamed file', 0o600)
sftp.utime('new dir/renamed file', (1000000000, 1000000000))
assert sftp.stat('new dir/renamed file').st_mtime == 1000000000
assert sftp.normalize('.') == '/'
try:
    sftp.stat('missing')
    sys.exit('a missing file is there')
except FileNotFoundError:
    pass
ssh.close()
