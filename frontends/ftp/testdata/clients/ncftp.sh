set -e
host=$1 port=$2
login=(-u "$3" -p "$4" -P "$port")
ncftp "${login[@]}" "$host" >&2 <<< 'mkdir "new dir"'
ncftpput -V "${login[@]}" -C "$host" 'a file' 'new dir/put file'
ncftpput -V "${login[@]}" -C "$host" 'a file' 'new dir/gone file'
ncftpls -1 "${login[@]}" "ftp://$host/new%20dir/"
ncftp "${login[@]}" "$host" >&2 <<< 'rename "new dir/put file" "new dir/renamed file"
rm "new dir/gone file"'
ncftpget -V "${login[@]}" -C "$host" 'new dir/renamed file' 'back file'
mv 'rest file' 'renamed file'
ncftpget -V -z "${login[@]}" "$host" . 'new dir/renamed file'
mv 'renamed file' 'rest file'
