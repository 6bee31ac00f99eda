#include "base/percent.hpp"
#include "base/utf8.hpp"
#include "http/routes.hpp"

namespace kepu::http {
namespace {

constexpr std::string_view style = R"(body{font:16px/1.6 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;
max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem}
span{color:#57606a}a{color:#0550ae}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #d0d7de;padding:.4rem .6rem;text-align:left;vertical-align:top}
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}span{color:#9198a1}a{color:#79b8ff}td,th{border-color:#30363d}}
)";

// The page needs its own style sheet and nothing else.
constexpr std::string_view policy =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string html(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
    case '&':
      out += "&amp;";
      break;
    case '<':
      out += "&lt;";
      break;
    case '>':
      out += "&gt;";
      break;
    case '"':
      out += "&quot;";
      break;
    case '\'':
      out += "&#39;";
      break;
    default:
      out.push_back(c);
      break;
    }
  }
  return is_utf8(out) ? out : std::string("?");
}

std::string link(const std::string& target, std::string_view text) {
  return "<a href=\"" + html(target) + "\">" + html(text) + "</a>";
}

std::string both(std::string_view zh, std::string_view en) {
  return html(zh) + " <span lang=\"en\">" + html(en) + "</span>";
}

} // namespace

Response front_page(const Asked& asked) {
  asked.params.allow_only({});
  const auto sources = asked.control.sources();
  const Moment moment(asked.reader);
  const auto catalog = asked.reader.catalog();
  std::string body =
      "<!doctype html>\n<html lang=\"zh-CN\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<title>科普数据中心 Kepu Hub</title><link rel=\"stylesheet\" href=\"/style.css\"></head><body>\n<h1>";
  body += both("科普数据中心", "Kepu Hub " + asked.context.version) + "</h1>\n";
  if (const auto* notice = asked.context.notice)
    body += "<p><strong>" + both(notice->zh, notice->en) + "</strong></p>\n";

  body += "<h2>" + both("指标", "Indicators") + "</h2>\n<table>\n<tr><th>" + both("名称", "Name") + "</th><th>" +
          both("数据", "Figures") + "</th></tr>\n";
  for (const auto& one : catalog->indicators) {
    const std::string id = percent_encoded(one.id);
    const std::string ask = "/api/v1/observations?indicator=" + id;
    body += "<tr><td>" + both(one.name.zh, one.name.en) + "<br>" + link("/api/v1/indicators/" + id, one.id) +
            "</td><td>" + link(ask + "&freq=M", "按月 monthly") + " · " + link(ask + "&freq=A", "按年 yearly") + " · " +
            link(ask + "&freq=M&format=csv&for=excel", "Excel") + "</td></tr>\n";
  }
  body += "</table>\n";

  body += "<h2>" + both("数据源", "Sources") + "</h2>\n<table>\n<tr><th>" + both("数据源", "Source") + "</th><th>" +
          both("状态", "State") + "</th></tr>\n";
  for (const auto& one : sources) {
    const auto& zh = one.sentence_zh.empty() ? one.sentence : one.sentence_zh;
    body += "<tr><td>" + link("/api/v1/sources/" + percent_encoded(one.id), one.id) + "</td><td>" +
            both(zh, one.sentence) + "</td></tr>\n";
  }
  body += "</table>\n";

  body += "<h2>" + both("接口", "Interfaces") + "</h2>\n<ul>\n";
  struct Entry {
    std::string path;
    std::string_view zh;
    std::string_view en;
  };
  for (const Entry& entry :
       {Entry{"/api/v1/indicators", "指标目录", "catalog of indicators"}, Entry{"/api/v1/plans", "规划", "plans"},
        Entry{"/api/v1/targets", "目标进度", "targets with their progress"},
        Entry{"/api/v1/departments", "各单位任务", "departments and their tasks"},
        Entry{"/api/v1/completeness", "报送情况", "returns that are owed"},
        Entry{"/api/v1/sources", "数据源状态", "state of the sources"}, Entry{"/api/v1/runs", "运行记录", "runs"},
        Entry{"/api/v1/rejects", "被拒数据", "rejected rows"}, Entry{"/api/v1/jobs", "长任务", "long commands"},
        Entry{"/api/v1/commits", "提交与标签", "commits and their labels"},
        Entry{"/metrics", "监控指标", "metrics for Prometheus"}, Entry{"/readyz", "就绪检查", "readiness"}}) {
    body += "<li>" + link(entry.path, entry.path) + " " + both(entry.zh, entry.en) + "</li>\n";
  }
  body += "</ul>\n</body></html>\n";

  Response out = plain(asked, 200, std::move(body));
  out.headers.emplace_back("content-security-policy", policy);
  out.headers.emplace_back("referrer-policy", "no-referrer");
  return out;
}

Response style_sheet(const Asked& asked) {
  asked.params.allow_only({});
  return {200,
          {{"content-type", "text/css; charset=utf-8"},
           {"cache-control", "max-age=3600"},
           {"x-content-type-options", "nosniff"}},
          std::make_shared<const std::string>(style)};
}

} // namespace kepu::http
