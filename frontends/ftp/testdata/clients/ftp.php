<?php
[, $host, $port, $user, $password, $half] = $argv;
function done($ok) {
    if (!$ok) {
        exit(1);
    }
}
$ftp = ftp_connect($host, (int)$port, 20);
done($ftp && ftp_login($ftp, $user, $password));
done(ftp_pasv($ftp, true));
done(ftp_mkdir($ftp, 'new dir'));
done(ftp_put($ftp, 'new dir/put file', 'a file', FTP_BINARY));
done(ftp_put($ftp, 'new dir/gone file', 'a file', FTP_BINARY));
foreach (ftp_mlsd($ftp, 'new dir') as $entry) {
    echo $entry['name'], "\n";
}
done(ftp_rename($ftp, 'new dir/put file', 'new dir/renamed file'));
done(ftp_delete($ftp, 'new dir/gone file'));
done(ftp_size($ftp, 'new dir/renamed file') == filesize('a file'));
done(ftp_mdtm($ftp, 'new dir/renamed file') > 0);
done(ftp_get($ftp, 'back file', 'new dir/renamed file', FTP_BINARY));
done(ftp_put($ftp, 'half file', 'a file', FTP_BINARY, (int)$half));
done(ftp_get($ftp, 'rest file', 'new dir/renamed file', FTP_BINARY, (int)$half));
done(ftp_nlist($ftp, 'new dir') == ['new dir/renamed file']);
done(ftp_rawlist($ftp, 'new dir') !== false);
done(ftp_close($ftp));
