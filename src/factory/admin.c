#include "factory/admin.h"

static size_t most_bytes(const char *path)
{
    return strcmp(path, "/api/v1/plan") == 0 ? LIMIT_PLAN_BYTES : LIMIT_JSON;
}

static enum err check_ready(void *context)
{
    const struct factory *f = context;
    int64_t n;
    return stock_mark_get(f->db, "requested-day", &n, NULL);
}

static enum err write_metrics(void *context, struct buf *to)
{
    const struct factory *f = context;
    return buf_putf(to,
                    "# TYPE nameplate_claims_total counter\nnameplate_claims_total %lld\n"
                    "# TYPE nameplate_written_total counter\nnameplate_written_total %lld\n"
                    "# TYPE nameplate_failed_total counter\nnameplate_failed_total %lld\n",
                    (long long)f->claims, (long long)f->written, (long long)f->failed);
}

struct api_service admin_service(struct factory *f)
{
    return (struct api_service){ .table = &admin_table,
                                 .people = stock_people(f->db),
                                 .audit = stock_audit,
                                 .login_failures = f->settings.common.login_failures,
                                 .lock_s = f->settings.common.lock_s,
                                 .session_s = f->settings.common.session_s,
                                 .context = f,
                                 .most = most_bytes,
                                 .ready = check_ready,
                                 .metrics = write_metrics };
}
