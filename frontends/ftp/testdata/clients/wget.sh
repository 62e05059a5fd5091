set -e
w() { wget -q --ftp-user="$user" --ftp-password="$password" "$@"; }
user=$3 password=$4
w -O 'back file' "ftp://$1:$2/new%20dir/renamed%20file"
w -c -O 'rest file' "ftp://$1:$2/new%20dir/renamed%20file"
w -r -nH "ftp://$1:$2/new%20dir/"
cmp 'new dir/renamed file' 'back file'
ls 'new dir'
