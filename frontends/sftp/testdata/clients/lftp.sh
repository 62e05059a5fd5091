set -e
cat >commands <<END
set net:max-retries 1; set net:timeout 20; set cmd:fail-exit yes; set xfer:clobber yes
set sftp:connect-program "ssh -a -x -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
open -u "$3,$4" sftp://$1:$2
mkdir "new dir"
put "a file" -o "new dir/put file"
put "a file" -o "new dir/gone file"
cls -l "new dir"
mv "new dir/put file" "new dir/renamed file"
rm "new dir/gone file"
get "new dir/renamed file" -o "back file"
put -c "a file" -o "half file"
get -c "new dir/renamed file" -o "rest file"
END
lftp -f commands
