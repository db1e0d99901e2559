/* What a browser, a supervisor or a SOAP toolkit fetches by GET. */
#include "ca/front.h"

#include <stdio.h>

static void give_wsdl(struct http_exchange *x)
{
    AUTO_BUF out = BUF_INIT;
    char address[512];
    const char *host = http_header(x, "host");
    snprintf(address, sizeof address, "https://%s%s", host == NULL ? "localhost" : host, soap_service_row(SERVICE_CA)->path);
    if (soap_write_wsdl(SERVICE_CA, address, &out) == OK)
        http_reply(x, 200, "text/xml; charset=utf-8", buf_span(&out), NULL);
    else
        http_reply(x, 503, "text/plain", span_text("out of memory\n"), NULL);
}

static void give_metrics(const struct front *f, struct http_exchange *x)
{
    AUTO_BUF out = BUF_INIT;
    enum err err = buf_putf(&out,
                            "# TYPE nameplate_ca_requests_total counter\nnameplate_ca_requests_total %lld\n"
                            "# TYPE nameplate_ca_faults_total counter\nnameplate_ca_faults_total %lld\n"
                            "# TYPE nameplate_ca_packs_total counter\nnameplate_ca_packs_total %lld\n"
                            "# TYPE nameplate_ca_signer_up gauge\nnameplate_ca_signer_up %d\n",
                            (long long)f->requests, (long long)f->faults, (long long)f->packs, f->lost ? 0 : 1);
    http_reply(x, err == OK ? 200 : 503, "text/plain; version=0.0.4", buf_span(&out), NULL);
}

void front_page(struct front *f, struct http_exchange *x)
{
    const char *path = http_path(x);
    bool ready = !f->lost && !f->draining;
    if (strcmp(http_query(x), "wsdl") == 0 &&
        (strcmp(path, "/") == 0 || strcmp(path, soap_service_row(SERVICE_CA)->path) == 0))
        give_wsdl(x);
    else if (strcmp(path, "/healthz") == 0)
        http_reply(x, 200, "text/plain", span_text("ok\n"), NULL);
    else if (strcmp(path, "/readyz") == 0)
        http_reply(x, ready ? 200 : 503, "text/plain", span_text(ready ? "ready\n" : "not ready\n"), NULL);
    else if (strcmp(path, "/metrics") == 0)
        give_metrics(f, x);
    else
        http_reply(x, 404, "text/plain", span_text("nothing here; the WSDL is at /soap/ca?wsdl\n"), NULL);
}
