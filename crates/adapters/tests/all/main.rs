//! Adapters over real sockets and real files, with a channel that the tests hold in their hands.

#[cfg(test)]
mod archive;
#[cfg(test)]
mod driver;
#[cfg(test)]
mod file;
#[cfg(test)]
mod http;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod mllp_destination;
#[cfg(test)]
mod mllp_source;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tcp_destination;
#[cfg(test)]
mod timer;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod worklist;
