//! The command line, from outside: each test runs the program that people run.

#[path = "../support/mod.rs"]
mod support;

mod acts;
mod alerts;
mod api;
mod asked;
mod basics;
mod canary;
mod channel;
mod check;
mod crawl;
mod deploy;
mod diagnose;
mod dialects;
mod dicom;
mod images;
mod imaging;
mod kills;
mod media;
mod messages;
mod migrate;
mod oidc;
mod people;
mod priors;
mod privacy;
mod queue;
mod replay;
mod samples;
mod serve;
mod shadow;
mod signed;
mod takeover;
mod trials;
mod upkeep;
