use strict;
use warnings;
use Net::SFTP::Foreign;

my ($host, $port, $user, $password, $half) = @ARGV;
my $sftp = Net::SFTP::Foreign->new(
    autodie => 1,
    open2_cmd => ['sshpass', '-p', $password, 'ssh', '-p', $port, '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null',
        '-o', 'PreferredAuthentications=password', '-l', $user, $host, '-s', 'sftp'],
);
$sftp->mkdir('new dir');
$sftp->put('a file', 'new dir/put file');
$sftp->put('a file', 'new dir/gone file', atomic => 1);
print "$_->{filename}\n" for @{$sftp->ls('new dir')};
$sftp->rename('new dir/put file', 'new dir/renamed file');
$sftp->remove('new dir/gone file');
$sftp->get('new dir/renamed file', 'back file');
$sftp->put('a file', 'half file', resume => 1, copy_time => 0);
$sftp->get('new dir/renamed file', 'rest file', resume => 1);
die 'size' unless $sftp->stat('new dir/renamed file')->size == -s 'a file';
die 'a missing file is there' if $sftp->test_e('missing');
