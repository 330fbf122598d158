import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.NameCallback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.plain.PlainAuthenticateCallback;
import org.apache.kafka.common.security.scram.ScramCredentialCallback;
import org.apache.kafka.common.security.scram.internals.ScramFormatter;
import org.apache.kafka.common.security.scram.internals.ScramMechanism;

/**
 * Reads user=password lines from the file named by the JAAS option users_file, at every login: a password that the
 * Streamkap stand-in changes is the broker's password from the next login on.
 */
public final class KeyringCallbackHandler implements AuthenticateCallbackHandler {
    private static final int SCRAM_ITERATIONS = 4096;

    private Path usersFile;
    private String mechanism;

    @Override
    public void configure(Map<String, ?> configs, String saslMechanism, List<AppConfigurationEntry> jaasEntries) {
        usersFile = Path.of((String) jaasEntries.get(0).getOptions().get("users_file"));
        mechanism = saslMechanism;
    }

    @Override
    public void handle(Callback[] callbacks) throws IOException, UnsupportedCallbackException {
        String username = null;
        for (Callback callback : callbacks) {
            if (callback instanceof NameCallback name) {
                username = name.getDefaultName();
            } else if (callback instanceof PlainAuthenticateCallback plain) {
                String given = new String(plain.password());
                plain.authenticated(passwordOf(username).map(given::equals).orElse(false));
            } else if (callback instanceof ScramCredentialCallback scram) {
                // Left unset for an unknown user: the broker then answers as for a wrong password.
                Optional<String> password = passwordOf(username);
                if (password.isPresent()) scram.scramCredential(formatter().generateCredential(password.get(), SCRAM_ITERATIONS));
            } else {
                throw new UnsupportedCallbackException(callback);
            }
        }
    }

    @Override
    public void close() {}

    private ScramFormatter formatter() throws IOException {
        try {
            return new ScramFormatter(ScramMechanism.forMechanismName(mechanism));
        } catch (java.security.NoSuchAlgorithmException missing) {
            throw new IOException(missing);
        }
    }

    private Optional<String> passwordOf(String username) throws IOException {
        try (var lines = Files.lines(usersFile)) {
            String prefix = username + "=";
            return lines.filter(line -> line.startsWith(prefix)).map(line -> line.substring(prefix.length())).findFirst();
        }
    }
}
