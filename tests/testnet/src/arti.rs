//! The network as an Arti 0.47 client sees it.

use std::fmt::Write as _;

use crate::node::{Node, Role};

/// Configuration for `TorClientConfigBuilder`, without storage.
pub(crate) fn toml(nodes: &[Node]) -> String {
    let mut caches = String::new();
    let mut idents = Vec::new();
    let mut dir_ports = Vec::new();
    for node in nodes {
        if let (Role::Authority { dir_port }, Some(ids)) = (node.role(), &node.ids) {
            // Writing to a String cannot fail.
            let _ = writeln!(
                caches,
                "  {{ rsa_identity = \"{}\", ed_identity = \"{}\", orports = [\"127.0.0.1:{}\"] }},",
                ids.rsa,
                ids.ed25519,
                node.or_port(),
            );
            idents.push(format!("\"{}\"", ids.v3ident));
            dir_ports.push(format!("[\"127.0.0.1:{dir_port}\"]"));
        }
    }
    let (idents, dir_ports) = (idents.join(", "), dir_ports.join(", "));
    format!(
        "# A private network on loopback.\n\
         [path_rules]\n\
         # All relays share one address: 33 and 129 bits switch the rule off.\n\
         ipv4_subnet_family_prefix = 33\n\
         ipv6_subnet_family_prefix = 129\n\
         \n\
         [address_filter]\n\
         # To reach servers of this machine through an exit.\n\
         allow_local_addrs = true\n\
         \n\
         [tor_network]\n\
         fallback_caches = [\n{caches}]\n\
         \n\
         [tor_network.authorities]\n\
         v3idents = [{idents}]\n\
         # Clients use none of these, but the defaults are the public network's.\n\
         uploads = [{dir_ports}]\n\
         downloads = [{dir_ports}]\n\
         votes = [{dir_ports}]\n"
    )
}
