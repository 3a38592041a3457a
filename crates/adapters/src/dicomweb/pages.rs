//! The pages of a viewer of others beside the service: a folder of files, as the OHIF viewer is built into.
//!
//! What is below the folder is given to whoever has logged in, the viewer's first page for every address that a browser opens and
//! that is no file (the viewer reads the address itself). Its settings, `app-config.js`, come from us: they name this service and
//! no other, whatever lies in the folder. The pages may talk to us alone (Content Security Policy, level 3).

use std::path::PathBuf;

use http_body_util::BodyExt as _;
use hyper::header::{self, HeaderMap};
use hyper::{Method, Request, StatusCode, Uri};
use tower_http::services::ServeDir;

use super::answer::{self, Answer, with};
use super::fault::{Fault, Result};

/// OHIF compiles WebAssembly, works in workers and styles its parts in place.
const POLICY: &str = "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; worker-src 'self' blob:; \
     connect-src 'self' blob: data:; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; \
     font-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// A folder of pages.
#[derive(Clone, Debug)]
pub(super) struct Pages {
    files: ServeDir,
    /// The settings of the viewer.
    settings: String,
}

impl Pages {
    /// Those below `folder`, for a service at `path`.
    pub fn new(folder: PathBuf, path: &str) -> Self {
        let files = ServeDir::new(folder).precompressed_gzip().precompressed_br();
        Pages { files, settings: settings(path) }
    }

    /// The file that a path names, or the first page.
    pub async fn answer(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Answer> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return Err(Fault::new(StatusCode::METHOD_NOT_ALLOWED, "this method does nothing here"));
        }
        let found = match uri.path() {
            "/app-config.js" => answer::of(StatusCode::OK, "text/javascript", self.settings.clone()),
            _ => self.file(method, uri.clone(), headers).await?,
        };
        let found = match found.status() == StatusCode::NOT_FOUND && is_page(headers) {
            true => self.file(method, Uri::from_static("/index.html"), headers).await?,
            false => found,
        };
        let found = with(found, header::CONTENT_SECURITY_POLICY, POLICY);
        let found = with(found, header::X_FRAME_OPTIONS, "DENY");
        let found = with(found, header::REFERRER_POLICY, "no-referrer");
        Ok(with(found, header::CACHE_CONTROL, "private, no-cache"))
    }

    async fn file(&self, method: &Method, uri: Uri, headers: &HeaderMap) -> Result<Answer> {
        let mut request = Request::new(http_body_util::Empty::<bytes::Bytes>::new());
        *request.method_mut() = method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers.clone();
        Ok(self.files.clone().try_call(request).await?.map(|body| body.boxed_unsync()))
    }
}

/// Whether a browser opens an address, rather than a page one of its files.
pub(super) fn is_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// What OHIF is told (its "configuration files" and "DICOMweb data source"): one source, and it is this service.
fn settings(path: &str) -> String {
    let configuration = serde_json::json!({
        "friendlyName": "Klinke",
        "name": "klinke",
        "qidoRoot": path,
        "wadoRoot": path,
        "wadoUriRoot": path,
        "imageRendering": "wadors",
        "thumbnailRendering": "wadors",
        "qidoSupportsIncludeField": true,
        "supportsFuzzyMatching": true,
        "supportsWildcard": true,
        "supportsReject": false,
        "enableStudyLazyLoad": true,
        "singlepart": "bulkdata,video,pdf",
        "bulkDataURI": { "enabled": true },
        "omitQuotationForMultipartRequest": true,
    });
    let settings = serde_json::json!({
        "name": "Klinke",
        "routerBasename": null,
        "extensions": [],
        "modes": [],
        "showStudyList": true,
        "maxNumberOfWebWorkers": 3,
        "showErrorDetails": "production",
        "investigationalUseDialog": { "option": "never" },
        "defaultDataSourceName": "klinke",
        "dataSources": [{
            "namespace": "@ohif/extension-default.dataSourcesModule.dicomweb",
            "sourceName": "klinke",
            "configuration": configuration,
        }],
    });
    format!("window.config = {settings};\n")
}
