set -e
url=ftp://$1:$2
user=$3:$4
c() { curl -sS -u "$user" "$@"; }
c --ftp-create-dirs -T 'a file' "$url/new%20dir/put%20file"
c -T 'a file' "$url/new%20dir/gone%20file"
c -l "$url/new%20dir/"
c -Q 'RNFR new dir/put file' -Q 'RNTO new dir/renamed file' -Q 'DELE new dir/gone file' -o /dev/null "$url/"
c -o 'back file' "$url/new%20dir/renamed%20file"
c -C - -T 'a file' "$url/half%20file"
c -C - -o 'rest file' "$url/new%20dir/renamed%20file"
