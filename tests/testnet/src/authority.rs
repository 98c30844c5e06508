//! Keys of the directory authorities.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use data_encoding::BASE64_NOPAD;

use crate::{
    TestNetError, in_dir,
    node::{AuthorityIds, Node, Role, private_dir},
};

/// The signing keys of authorities are stored encrypted; these protect nothing.
const PASSPHRASE: &[u8] = b"private loopback network\n";
/// Months that an authority's certificate is good for.
const CERTIFICATE_MONTHS: &str = "12";

/// Checks that a program of the Debian package `tor` can be run.
pub(crate) fn require(tool: &'static str) -> Result<(), TestNetError> {
    // tor-gencert knows no --version; both print something and exit.
    Command::new(tool)
        .arg("--version")
        .stdin(Stdio::null())
        .output()
        .map(|_| ())
        .map_err(|_| TestNetError::ToolMissing(tool))
}

/// Makes the keys of every authority in `nodes`, in parallel: RSA keys of 3072
/// bits are the slowest part of a start.
pub(crate) fn make_keys(root: &Path, nodes: &mut [Node]) -> Result<(), TestNetError> {
    thread::scope(|scope| {
        let mut running = Vec::new();
        for node in nodes {
            if let Role::Authority { dir_port } = node.role() {
                running.push(scope.spawn(move || {
                    node.ids = Some(make_keys_of(root, node, dir_port)?);
                    Ok(())
                }));
            }
        }
        running
            .into_iter()
            .try_for_each(|handle| handle.join().expect("making keys does not panic"))
    })
}

fn make_keys_of(root: &Path, node: &Node, dir_port: u16) -> Result<AuthorityIds, TestNetError> {
    let data = node.data_dir();
    let keys = data.join("keys");
    private_dir(&keys)?;
    let empty = root.join("empty");

    // tor itself makes the relay identities, RSA and Ed25519. It wants to be
    // told some authority, or it takes the public network's.
    let mut tor = Command::new("tor");
    tor.arg("--defaults-torrc").arg(&empty);
    tor.arg("-f").arg(&empty).arg("--quiet");
    tor.arg("--DataDirectory").arg(&data);
    tor.args(["--ORPort", &format!("127.0.0.1:{}", node.or_port())]);
    tor.args([
        "--Address",
        "127.0.0.1",
        "--Nickname",
        node.nick(),
        "--SocksPort",
        "0",
    ]);
    tor.args([
        "--DirAuthority",
        &format!("x 127.0.0.1:1 {}", "f".repeat(40)),
    ]);
    tor.args(["--GeoIPFile", "/dev/null", "--GeoIPv6File", "/dev/null"]);
    tor.arg("--list-fingerprint");
    run("tor", &mut tor, b"")?;

    // tor-gencert makes the authority's identity, signing key and certificate.
    let mut gencert = Command::new("tor-gencert");
    gencert.args(["--create-identity-key", "--passphrase-fd", "0"]);
    gencert.args(["-m", CERTIFICATE_MONTHS]);
    gencert.args(["-a", &format!("127.0.0.1:{dir_port}")]);
    gencert.arg("-i").arg(keys.join("authority_identity_key"));
    gencert.arg("-s").arg(keys.join("authority_signing_key"));
    gencert.arg("-c").arg(keys.join("authority_certificate"));
    run("tor-gencert", &mut gencert, PASSPHRASE)?;

    let rsa = second_word(&read(&data.join("fingerprint"))?, "");
    let certificate = read(&keys.join("authority_certificate"))?;
    let v3ident = second_word(&certificate, "fingerprint ");
    let public = keys.join("ed25519_master_id_public_key");
    let public = fs::read(&public).map_err(in_dir(&public))?;
    let ed25519 = public
        .last_chunk::<32>()
        .map(|key| BASE64_NOPAD.encode(key));
    match (rsa, ed25519, v3ident) {
        (Some(rsa), Some(ed25519), Some(v3ident)) => Ok(AuthorityIds {
            rsa,
            ed25519,
            v3ident,
        }),
        _ => Err(TestNetError::Tool {
            tool: "tor-gencert",
            output: "it wrote keys of an unknown shape".to_owned(),
        }),
    }
}

/// The second word of the first line that begins with `prefix`.
fn second_word(text: &str, prefix: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(prefix))?;
    line.split_whitespace().nth(1).map(str::to_owned)
}

fn read(path: &Path) -> Result<String, TestNetError> {
    fs::read_to_string(path).map_err(in_dir(path))
}

fn run(tool: &'static str, command: &mut Command, input: &[u8]) -> Result<(), TestNetError> {
    let failed = |output: String| TestNetError::Tool { tool, output };
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|_| TestNetError::ToolMissing(tool))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ended early says why in its output.
        let _ = stdin.write_all(input);
    }
    let done = child
        .wait_with_output()
        .map_err(|error| failed(error.to_string()))?;
    if done.status.success() {
        return Ok(());
    }
    let mut output = String::from_utf8_lossy(&done.stdout).into_owned();
    output.push_str(&String::from_utf8_lossy(&done.stderr));
    Err(failed(output))
}
