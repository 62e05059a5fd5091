set -e
a() { aria2c -q --ftp-user="$user" --ftp-passwd="$password" --allow-overwrite=true --auto-file-renaming=false --file-allocation=none "$@"; }
user=$3 password=$4
a -s 4 -x 4 -k 1M -o 'back file' "ftp://$1:$2/new%20dir/renamed%20file"
a -c -o 'rest file' "ftp://$1:$2/new%20dir/renamed%20file"
