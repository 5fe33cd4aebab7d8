//! Traces over OTLP, continuing the browser's `traceparent`.
//!
//! A span for each request, with a child for its transaction or its upstream. What the
//! caller decided about sampling holds; without a decision a share is traced. Spans say
//! which route and how it went: no query, no identity, no body.

use std::collections::HashMap;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use hyper_rustls::HttpsConnectorBuilder;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{SpanKind, Status, TraceContextExt as _, Tracer as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::runtime::Tokio;
use opentelemetry_sdk::trace::span_processor_with_async_runtime::BatchSpanProcessor;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use secrecy::ExposeSecret as _;

use crate::config::TracesConfig;
use crate::serve::StartError;

const COLLECTOR_TIMEOUT: Duration = Duration::from_secs(5);
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Where spans are made.
#[derive(Clone)]
pub(crate) struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    propagator: TraceContextPropagator,
}

/// A span of a request, as extension of it; what is done for the request becomes its child.
#[derive(Clone)]
pub(crate) struct Trace {
    tracer: SdkTracer,
    context: Context,
}

/// A child; it ends when it is dropped.
pub(crate) struct Child(Context);

impl Traces {
    /// Prepares the exporter where an endpoint is configured; to be called inside the runtime.
    ///
    /// # Errors
    /// When the exporter cannot be made.
    pub(crate) fn new(config: &TracesConfig) -> Result<Option<Self>, StartError> {
        let Some(endpoint) = &config.endpoint else {
            return Ok(None);
        };
        let refused = |error: String| StartError::Traces(error);
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::aws_lc_rs::default_provider())
            .map_err(|error| refused(error.to_string()))?
            .https_or_http()
            .enable_http1()
            .build();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(HyperClient::new(connector, COLLECTOR_TIMEOUT, None))
            .with_endpoint(endpoint.to_string())
            .with_headers(headers(config))
            .build()
            .map_err(|error| refused(error.to_string()))?;
        let share = f64::from(config.sample_ppm) / 1e6;
        let provider = SdkTracerProvider::builder()
            .with_span_processor(BatchSpanProcessor::builder(exporter, Tokio).build())
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share))))
            .with_resource(resource(config))
            .build();
        Ok(Some(Self {
            tracer: provider.tracer("seawall"),
            provider,
            propagator: TraceContextPropagator::new(),
        }))
    }

    /// Begins the span of a request.
    pub(crate) fn begin(&self, method: &str, route: &'static str, headers: &HeaderMap) -> Trace {
        let parent = self
            .propagator
            .extract_with_context(&Context::new(), &Headers(headers));
        let builder = self
            .tracer
            .span_builder(format!("{method} {route}"))
            .with_kind(SpanKind::Server)
            .with_attributes([
                KeyValue::new("http.request.method", method.to_owned()),
                KeyValue::new("http.route", route),
            ]);
        let span = self.tracer.build_with_context(builder, &parent);
        Trace {
            tracer: self.tracer.clone(),
            context: parent.with_span(span),
        }
    }

    /// Sends what waits to be sent.
    pub(crate) async fn shutdown(self) {
        // The exporter blocks its caller.
        let ended = tokio::task::spawn_blocking(move || self.provider.shutdown()).await;
        if let Ok(Err(error)) = ended {
            tracing::warn!(%error, "the last traces may be lost");
        }
    }
}

impl Trace {
    /// Begins something done for the request.
    pub(crate) fn child(&self, name: &'static str, kind: SpanKind) -> Child {
        let builder = self.tracer.span_builder(name).with_kind(kind);
        let span = self.tracer.build_with_context(builder, &self.context);
        Child(self.context.with_span(span))
    }

    /// Ends the span of the request.
    pub(crate) fn end(&self, request_id: &str, status: u16, code: Option<&str>) {
        let span = self.context.span();
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
        span.set_attribute(KeyValue::new("seawall.request_id", request_id.to_owned()));
        if let Some(code) = code {
            span.set_attribute(KeyValue::new("error.type", code.to_owned()));
        }
        if status >= 500 {
            span.set_status(Status::error(code.unwrap_or_default().to_owned()));
        }
        span.end();
    }
}

impl Child {
    /// What a request to another service must carry to be joined to this trace.
    pub(crate) fn traceparent(&self) -> Option<(HeaderName, HeaderValue)> {
        let context = self.0.span().span_context().clone();
        let flags = context.trace_flags().to_u8();
        let text = format!("00-{}-{}-{flags:02x}", context.trace_id(), context.span_id());
        let value = HeaderValue::try_from(text).ok()?;
        context.is_valid().then_some((TRACEPARENT, value))
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.0.span().end();
    }
}

struct Headers<'request>(&'request HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

fn headers(config: &TracesConfig) -> HashMap<String, String> {
    let text = config
        .headers
        .as_ref()
        .map_or("", |headers| headers.expose_secret());
    text.split(',')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect()
}

fn resource(config: &TracesConfig) -> Resource {
    Resource::builder_empty()
        .with_attributes([
            KeyValue::new("service.name", config.service.clone()),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        ])
        .build()
}
