//! The command line, from outside: each test runs the program that people run.

#[path = "../support/mod.rs"]
mod support;

mod acts;
mod alerts;
mod api;
mod basics;
mod canary;
mod channel;
mod check;
mod crawl;
mod deploy;
mod diagnose;
mod dialects;
mod messages;
mod oidc;
mod people;
mod privacy;
mod queue;
mod replay;
mod samples;
mod serve;
mod shadow;
mod signed;
mod trials;
mod upkeep;
