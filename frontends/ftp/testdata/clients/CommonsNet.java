import java.io.*;
import org.apache.commons.net.ftp.*;

class CommonsNet {
    static FTPClient ftp = new FTPClient();

    static void done(boolean ok) throws IOException {
        if (!ok) {
            throw new IOException(ftp.getReplyString());
        }
    }

    public static void main(String[] args) throws IOException {
        long half = Long.parseLong(args[4]);
        ftp.setControlEncoding("UTF-8");
        ftp.connect(args[0], Integer.parseInt(args[1]));
        done(ftp.login(args[2], args[3]));
        done(ftp.setFileType(FTP.BINARY_FILE_TYPE));
        ftp.enterLocalPassiveMode();
        done(ftp.makeDirectory("new dir"));
        for (String name : new String[] {"put file", "gone file"}) {
            try (InputStream in = new FileInputStream("a file")) {
                done(ftp.storeFile("new dir/" + name, in));
            }
        }
        for (FTPFile file : ftp.listFiles("new dir")) {
            System.out.println(file.getName() + " " + file.getSize() + " " + file.getUser());
        }
        done(ftp.rename("new dir/put file", "new dir/renamed file"));
        done(ftp.deleteFile("new dir/gone file"));
        try (OutputStream out = new FileOutputStream("back file")) {
            done(ftp.retrieveFile("new dir/renamed file", out));
        }
        ftp.setRestartOffset(half);
        try (OutputStream out = new FileOutputStream("rest file", true)) {
            done(ftp.retrieveFile("new dir/renamed file", out));
        }
        try (InputStream in = new FileInputStream("a file")) {
            in.skipNBytes(half);
            done(ftp.appendFile("half file", in));
        }
        done(ftp.listNames("new dir").length == 1);
        done(ftp.mlistDir("new dir").length == 1);
        done(ftp.mlistFile("new dir/renamed file").getSize() > half);
        ftp.logout();
    }
}
