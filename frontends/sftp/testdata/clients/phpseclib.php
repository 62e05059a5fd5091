<?php
require 'phpseclib/autoload.php';

use phpseclib\Net\SFTP;

error_reporting(E_ALL & ~E_DEPRECATED);
set_error_handler(function ($level, $text) {
    if ($level & error_reporting()) {
        fwrite(STDERR, "$text\n");
        exit(1);
    }
    return true;
});
function must($ok, $what) {
    if (!$ok) {
        fwrite(STDERR, "$what\n");
        exit(1);
    }
}

[, $host, $port, $user, $password, $half] = $argv;
$sftp = new SFTP($host, (int) $port, 20);
must($sftp->login($user, $password), 'login');
must($sftp->mkdir('new dir'), 'mkdir');
must($sftp->put('new dir/put file', 'a file', SFTP::SOURCE_LOCAL_FILE), 'put');
must($sftp->put('new dir/gone file', 'a file', SFTP::SOURCE_LOCAL_FILE), 'put');
echo implode("\n", $sftp->nlist('new dir')), "\n";
must($sftp->rename('new dir/put file', 'new dir/renamed file'), 'rename');
must($sftp->delete('new dir/gone file', false), 'delete');
must($sftp->get('new dir/renamed file', 'back file'), 'get');
must($sftp->put('half file', 'a file', SFTP::SOURCE_LOCAL_FILE | SFTP::RESUME_START), 'resume');
must(file_put_contents('rest file', $sftp->get('new dir/renamed file', false, (int) $half), FILE_APPEND), 'get the rest');
must($sftp->size('new dir/renamed file') === filesize('a file'), 'size');
must($sftp->symlink('new dir/renamed file', 'link'), 'symlink');
must($sftp->readlink('link') === 'new dir/renamed file', 'readlink');
must(!$sftp->file_exists('missing'), 'a missing file is there');
