import com.jcraft.jsch.ChannelSftp;
import com.jcraft.jsch.JSch;
import com.jcraft.jsch.Session;
import com.jcraft.jsch.SftpException;

public class Jsch {
    public static void main(String[] args) throws Exception {
        Session session = new JSch().getSession(args[2], args[0], Integer.parseInt(args[1]));
        session.setPassword(args[3]);
        session.setConfig("StrictHostKeyChecking", "no");
        session.setConfig("PreferredAuthentications", "password");
        session.connect(20000);
        ChannelSftp sftp = (ChannelSftp) session.openChannel("sftp");
        sftp.connect(20000);
        sftp.mkdir("new dir");
        sftp.put("a file", "new dir/put file");
        sftp.put("a file", "new dir/gone file", ChannelSftp.OVERWRITE);
        for (Object entry : sftp.ls("new dir")) {
            System.out.println(((ChannelSftp.LsEntry) entry).getFilename());
        }
        sftp.rename("new dir/put file", "new dir/renamed file");
        sftp.rm("new dir/gone file");
        sftp.get("new dir/renamed file", "back file");
        sftp.put("a file", "half file", ChannelSftp.RESUME);
        sftp.get("new dir/renamed file", "rest file", null, ChannelSftp.RESUME);
        try {
            sftp.stat("missing");
            throw new Exception("a missing file is there");
        } catch (SftpException e) {
            if (e.id != ChannelSftp.SSH_FX_NO_SUCH_FILE) {
                throw e;
            }
        }
        session.disconnect();
    }
}
