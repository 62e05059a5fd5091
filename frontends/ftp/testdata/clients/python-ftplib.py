import ftplib
import os
import sys

host, port, user, password, half = sys.argv[1:]
ftp = ftplib.FTP()
ftp.connect(host, int(port), timeout=20)
ftp.login(user, password)
ftp.mkd('new dir')
for name in 'put file', 'gone file':
    with open('a file', 'rb') as f:
        ftp.storbinary('STOR new dir/' + name, f)
for name, facts in ftp.mlsd('new dir'):
    print(name, facts['size'])
ftp.rename('new dir/put file', 'new dir/renamed file')
ftp.delete('new dir/gone file')
ftp.voidcmd('TYPE I')
assert ftp.size('new dir/renamed file') == os.path.getsize('a file')
with open('back file', 'wb') as f:
    ftp.retrbinary('RETR new dir/renamed file', f.write)
with open('a file', 'rb') as f:
    f.seek(int(half))
    ftp.storbinary('STOR half file', f, rest=int(half))
with open('rest file', 'ab') as f:
    ftp.retrbinary('RETR new dir/renamed file', f.write, rest=int(half))
assert sorted(ftp.nlst('new dir')) == ['new dir/renamed file']
lines = []
ftp.retrlines('LIST new dir', lines.append)
assert len(lines) == 1 and lines[0].endswith(' renamed file'), lines
# A download that is given up: the connection goes on.
conn = ftp.transfercmd('RETR new dir/renamed file')
conn.recv(1)
ftp.abort()
conn.close()
ftp.voidresp()  # one reply is the transfer's, and one is that to ABOR
assert ftp.pwd() == '/'
ftp.quit()
