exec tnftp -n -i -V "$1" "$2" <<END
user "$3" "$4"
binary
mkdir "new dir"
put "a file" "new dir/put file"
put "a file" "new dir/gone file"
nlist "new dir"
rename "new dir/put file" "new dir/renamed file"
delete "new dir/gone file"
get "new dir/renamed file" "back file"
restart $5
put "a file" "half file"
cd "new dir"
reget "renamed file" "rest file"
quit
END
