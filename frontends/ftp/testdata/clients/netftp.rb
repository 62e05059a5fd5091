require 'net/ftp'

host, port, user, password, half = ARGV
Net::FTP.open(host, port: port.to_i, username: user, password: password, open_timeout: 20, read_timeout: 20) do |ftp|
  ftp.mkdir('new dir')
  ftp.putbinaryfile('a file', 'new dir/put file')
  ftp.putbinaryfile('a file', 'new dir/gone file')
  ftp.mlsd('new dir') { |e| puts e.pathname }
  ftp.rename('new dir/put file', 'new dir/renamed file')
  ftp.delete('new dir/gone file')
  raise 'size' unless ftp.size('new dir/renamed file') == File.size('a file')
  raise 'time' unless (Time.now - ftp.mtime('new dir/renamed file')).abs < 3600
  ftp.getbinaryfile('new dir/renamed file', 'back file')
  ftp.resume = true
  ftp.putbinaryfile('a file', 'half file')
  ftp.getbinaryfile('new dir/renamed file', 'rest file')
  raise 'nlst' unless ftp.nlst('new dir') == ['new dir/renamed file']
  ftp.status
  ftp.abort
  raise 'pwd' unless ftp.pwd == '/'
end
