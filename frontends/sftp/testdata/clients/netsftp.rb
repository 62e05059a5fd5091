require 'net/sftp'

host, port, user, password, half = ARGV
Net::SFTP.start(host, user, port: port.to_i, password: password, verify_host_key: :never, non_interactive: true, auth_methods: ['password'], config: false) do |sftp|
  sftp.mkdir!('new dir')
  sftp.upload!('a file', 'new dir/put file')
  sftp.upload!('a file', 'new dir/gone file')
  sftp.dir.foreach('new dir') { |e| puts e.name }
  sftp.rename!('new dir/put file', 'new dir/renamed file')
  sftp.remove!('new dir/gone file')
  sftp.download!('new dir/renamed file', 'back file')
  rest = File.binread('a file', nil, half.to_i)
  sftp.file.open('half file', 'a') { |f| f.write(rest) }
  sftp.file.open('new dir/renamed file', 'r') do |f|
    f.pos = half.to_i
    File.open('rest file', 'ab') { |out| out.write(f.read) }
  end
  raise 'size' unless sftp.stat!('new dir/renamed file').size == File.size('a file')
  begin
    sftp.stat!('missing')
    raise 'a missing file is there'
  rescue Net::SFTP::StatusException => e
    raise e unless e.code == 2
  end
end
