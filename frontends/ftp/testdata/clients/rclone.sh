set -e
export RCLONE_CONFIG=$PWD/rclone.conf RCLONE_FTP_HOST=$1 RCLONE_FTP_PORT=$2 RCLONE_FTP_USER=$3 RCLONE_FTP_PASS
RCLONE_FTP_PASS=$(rclone obscure "$4")
rclone mkdir ':ftp:new dir'
rclone copyto 'a file' ':ftp:new dir/put file'
rclone copyto 'a file' ':ftp:new dir/gone file'
rclone lsf ':ftp:new dir'
rclone moveto ':ftp:new dir/put file' ':ftp:new dir/renamed file'
rclone deletefile ':ftp:new dir/gone file'
rclone copyto ':ftp:new dir/renamed file' 'back file'
rclone cat ":ftp:new dir/renamed file" | cmp - "a file"
