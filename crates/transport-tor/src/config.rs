//! What a Tor client is started with.

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use arti_client::config::{CfgPath, TorClientConfig, TorClientConfigBuilder};

/// How soon the same directory may be asked again for a service's descriptor.
/// Arti's default of 15 minutes would hide a contact who came back online with
/// new introduction points for that long.
const DESCRIPTOR_REQUERY: Duration = Duration::from_secs(30);

/// Which Tor network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Network {
    /// The public one.
    Public,
    /// A private one, for tests and demonstrations.
    Private {
        /// Its arti configuration: authorities, fallback directories, path
        /// rules. Local addresses are reachable through its exits only if
        /// `address_filter.allow_local_addrs` says so here.
        arti_toml: String,
    },
}

/// What a Tor client needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TorConfig {
    /// Guards and circuit timings. One running client at a time.
    pub state_dir: PathBuf,
    /// The network's directory.
    pub cache_dir: PathBuf,
    /// Which network.
    pub network: Network,
}

/// Why Tor cannot be started at all. What can pass by itself is no start error
/// but a state, [`hushwing_transport::NetworkState::Blocked`].
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The caller's mistake: not called inside a tokio runtime.
    #[error("Tor was started outside an async runtime")]
    NoRuntime,
    /// The configuration of the private network is not one.
    #[error("the Tor network's configuration is not valid: {0}")]
    Configuration(String),
    /// A directory cannot be made.
    #[error("cannot create a directory for Tor: {0}")]
    Directory(io::ErrorKind),
}

impl TorConfig {
    /// Checks what can be checked without the network, and makes the
    /// directories, for the owner only.
    pub(crate) fn prepare(&self) -> Result<(), StartError> {
        for dir in [&self.state_dir, &self.cache_dir] {
            private_dir(dir).map_err(|error| StartError::Directory(error.kind()))?;
        }
        self.arti().map(|_| ())
    }

    /// Arti's own configuration. File permission checks stay on, and keys are
    /// held in memory only. `[HW-NET-7]`
    pub(crate) fn arti(&self) -> Result<TorClientConfig, StartError> {
        let invalid = |error: &dyn std::fmt::Display| StartError::Configuration(error.to_string());
        let mut builder: TorClientConfigBuilder = match &self.network {
            Network::Public => TorClientConfigBuilder::default(),
            Network::Private { arti_toml } => toml::from_str(arti_toml).map_err(|e| invalid(&e))?,
        };
        builder
            .storage()
            .state_dir(CfgPath::new_literal(&self.state_dir))
            .cache_dir(CfgPath::new_literal(&self.cache_dir))
            .keystore()
            .primary()
            .kind(tor_keymgr::config::ArtiKeystoreKind::Ephemeral.into());
        builder
            .circuit_timing()
            .hs_dir_requery_interval(DESCRIPTOR_REQUERY);
        builder.build().map_err(|e| invalid(&e))
    }

    /// Removes what earlier onion services left: introduction points whose
    /// keys were in memory only.
    pub(crate) fn forget_services(&self) -> io::Result<()> {
        match fs::remove_dir_all(self.state_dir.join("hss")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn private_dir(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}
