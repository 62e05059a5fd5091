exec lftp -c "
set cmd:fail-exit yes; set net:max-retries 1; set net:timeout 20
open -u '$3,$4' ftp://$1:$2
mkdir 'new dir'
put 'a file' -o 'new dir/put file'
put 'a file' -o 'new dir/gone file'
cls -1 'new dir'
mv 'new dir/put file' 'new dir/renamed file'
rm 'new dir/gone file'
get 'new dir/renamed file' -o 'back file'
put -c 'a file' -o 'half file'
get -c 'new dir/renamed file' -o 'rest file'
"
