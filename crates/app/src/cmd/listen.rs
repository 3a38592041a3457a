//! `klinke listen`: a patient partner for tests.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use klinke_adapters::units::Period;
use tokio::net::TcpListener;

use super::Ended;
use crate::lang::Pick;
use crate::out::{Out, complain};
use crate::partner::behaviour::Behaviour;
use crate::partner::{control_id_of, listener};

/// Listen as a partner would, and answer AA, AE, late, never or wrong
#[derive(clap::Args)]
#[command(after_help = "Examples:
  klinke listen 6662
  klinke listen 127.0.0.1:6662 --answer AE
  klinke listen 6662 --answer late:3s --save received/")]
pub struct Args {
    /// Where: host:port, or a port on loopback
    address: String,
    /// AA, AE, AR, CA, CE, CR, late, late:2s, never, wrong or close
    #[arg(long, default_value = "AA")]
    answer: Behaviour,
    /// Keep each message as a file in this folder
    #[arg(long, value_name = "FOLDER")]
    save: Option<PathBuf>,
    /// End after so many messages
    #[arg(long)]
    count: Option<u64>,
    /// End after this time
    #[arg(long = "for", value_name = "TIME")]
    time: Option<Period>,
}

pub fn run(args: &Args, out: Out) -> Ended {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(listen(args, out))
}

async fn listen(args: &Args, out: Out) -> Ended {
    let address = match args.address.parse::<u16>() {
        Ok(port) => format!("127.0.0.1:{port}"),
        Err(_) => args.address.clone(),
    };
    if let Some(folder) = &args.save {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let socket = TcpListener::bind(&address).await.with_context(|| address.clone())?;
    let address = socket.local_addr()?;
    out.line(out.lang.pick(format!("listening on {address}"), format!("wartet auf {address}")));
    let (done, mut is_done) = tokio::sync::mpsc::channel(1);
    let (count, limit, answer, folder) = (AtomicU64::new(0), args.count, args.answer, args.save.clone());
    let react = move |payload: &[u8]| {
        let number = count.fetch_add(1, Ordering::Relaxed) + 1;
        out.line(format!("{number} {} {} bytes", control_id_of(payload), payload.len()));
        if let Some(folder) = &folder
            && let Err(error) = std::fs::write(folder.join(format!("{number:06}.hl7")), payload)
        {
            complain(&error.to_string());
        }
        if limit.is_some_and(|limit| number >= limit) {
            let _ = done.try_send(());
        }
        answer
    };
    let served = listener::listen(socket, Arc::new(react));
    let ended = async {
        match args.time {
            Some(time) => tokio::time::sleep(time.0).await,
            None => std::future::pending().await,
        }
    };
    // The last answer is still to be sent when the count is reached.
    let grace = match args.answer {
        Behaviour::Late(time) => time,
        _ => Duration::ZERO,
    } + Duration::from_millis(200);
    let last_answered = async {
        is_done.recv().await;
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        () = served => {}
        () = ended => {}
        () = last_answered => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(ExitCode::SUCCESS)
}
