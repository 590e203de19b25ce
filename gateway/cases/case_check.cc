#include "gateway/cases/case_check.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "config/duration.h"
#include "config/format.h"
#include "core/base/text.h"
#include "core/resilience/time_budget.h"

namespace sluice::gateway {
namespace {

using config::Format;
using core::AnswerPlan;
using core::ForwardPlan;

constexpr std::string_view kNone = "none";

std::string OrNone(std::string_view text) { return std::string(text.empty() ? kNone : text); }
std::string Joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return OrNone(text);
}
std::string TimeText(core::Duration time) {
  return time > core::Duration::zero() ? config::FormatDuration(time) : std::string(kNone);
}
double PercentOf(std::uint32_t per_million) { return per_million / 10'000.0; }
bool SamePercent(double a, double b) { return std::abs(a - b) < 0.0001; }

// The whole name, or its beginning up to a dot.
bool NamesHost(std::string_view fqdn, std::string_view text) {
  const std::string folded = core::Fold(text);
  return fqdn == folded || (fqdn.starts_with(folded) && fqdn.substr(folded.size()).starts_with('.'));
}

class Checker {
 public:
  Checker(const core::Snapshot& snapshot, core::SampleDecision& decision, const RouteCase& test)
      : snapshot_(snapshot),
        decision_(decision),
        plan_(decision.plan()),
        test_(test),
        expect_(test.expect),
        forward_(decision.refused_status() == 0 ? std::get_if<ForwardPlan>(&plan_.action) : nullptr),
        answer_(decision.refused_status() == 0 ? std::get_if<AnswerPlan>(&plan_.action) : nullptr),
        cluster_(forward_ == nullptr ? nullptr : &snapshot.clusters[forward_->cluster.value]) {}

  std::vector<CaseFailure> Run() {
    CheckRule();
    CheckDestination();
    CheckLimits();
    CheckMirrors();
    CheckFault();
    CheckAnswer();
    CheckExperiment();
    if (!expect_.request_headers.empty()) CheckRequestHeaders();
    if (!expect_.response_headers.empty()) CheckResponseHeaders();
    return std::move(failures_);
  }

 private:
  void Fail(std::string field, std::string wanted, std::string got) {
    failures_.push_back({std::move(field), std::move(wanted), std::move(got)});
  }
  void Text(const char* field, const std::optional<std::string>& wanted, std::string_view got) {
    if (wanted && *wanted != got) Fail(field, OrNone(*wanted), OrNone(got));
  }
  template <typename Number>
  void Count(const char* field, const std::optional<Number>& wanted, std::optional<std::uint64_t> got) {
    if (wanted && got != *wanted) Fail(field, Format("{}", *wanted), got ? Format("{}", *got) : std::string(kNone));
  }
  void Time(const char* field, const std::optional<core::Duration>& wanted, std::optional<core::Duration> got) {
    if (wanted && got != wanted) Fail(field, TimeText(*wanted), got ? TimeText(*got) : NoDestination());
  }

  // What happens instead of a model being asked.
  std::string NoDestination() const {
    if (decision_.refused_status() != 0) {
      return Format("refused with {} {}", decision_.refused_status(), decision_.refused_details());
    }
    return answer_ == nullptr ? "forwarded" : Format("answered with {} {}", answer_->status, answer_->details);
  }

  void CheckRule() {
    const core::Route* route = plan_.route;
    if (expect_.rule && (route == nullptr || !NamesRule(*route, *expect_.rule))) {
      Fail("rule", *expect_.rule, RuleText(route));
    }
    Text("match", expect_.match, plan_.match == nullptr ? std::string_view() : plan_.match->name);
  }

  void CheckDestination() {
    if (expect_.host && (cluster_ == nullptr || !NamesHost(cluster_->service_host, *expect_.host))) {
      Fail("host", *expect_.host, cluster_ == nullptr ? NoDestination() : cluster_->service_host);
    }
    if (cluster_ == nullptr) {
      for (const auto& [field, wanted] : {std::pair{"subset", expect_.subset}, std::pair{"path", expect_.path},
                                          std::pair{"authority", expect_.authority}}) {
        if (wanted) Fail(field, OrNone(*wanted), NoDestination());
      }
      Count("port", expect_.port, std::nullopt);
      return;
    }
    Text("subset", expect_.subset, cluster_->subset);
    Count("port", expect_.port, cluster_->port);
    Text("path", expect_.path, forward_->path);
    Text("authority", expect_.authority, forward_->authority);
  }

  void CheckLimits() {
    using Maybe = std::optional<core::Duration>;
    const core::RetryPolicy* retry = forward_ == nullptr ? nullptr : forward_->retry;
    Time("timeout", expect_.timeout,
         forward_ == nullptr ? Maybe() : core::GrpcTimeout(forward_->client_timeout, forward_->timeout));
    Time("perTryTimeout", expect_.per_try_timeout, retry == nullptr ? Maybe() : retry->per_try_timeout);
    Time("backoff", expect_.backoff, retry == nullptr ? Maybe() : retry->backoff_base);
    Count("attempts", expect_.attempts, retry == nullptr ? std::optional<std::uint64_t>() : retry->attempts);
    if (expect_.retry_on && retry == nullptr) Fail("retryOn", *expect_.retry_on, NoDestination());
    if (retry != nullptr) Text("retryOn", expect_.retry_on, RetryOnText(*retry));
  }

  static std::string MirrorText(const ExpectedMirror& mirror) {
    std::string text = mirror.subset.empty() ? mirror.host : mirror.subset;
    if (!mirror.subset.empty() && !mirror.host.empty()) text += " of " + mirror.host;
    if (mirror.port) text += Format(":{}", *mirror.port);
    return text + " " + PercentText(mirror.percent.value_or(100));
  }
  static bool Fits(const ExpectedMirror& wanted, const ExpectedMirror& got) {
    return (wanted.host.empty() || NamesHost(got.host, wanted.host)) && wanted.subset == got.subset &&
           (!wanted.port || wanted.port == got.port) && SamePercent(wanted.percent.value_or(100), *got.percent);
  }

  // Those of the rule, whether or not this request is drawn for them.
  std::vector<ExpectedMirror> Mirrors() const {
    std::vector<ExpectedMirror> all;
    const auto* action = plan_.route == nullptr ? nullptr : std::get_if<core::Forward>(&plan_.route->action);
    if (action == nullptr) return all;
    for (const core::Mirror& mirror : action->mirrors) {
      ExpectedMirror& one = all.emplace_back();
      one = {.host = mirror.host, .subset = mirror.subset, .percent = PercentOf(mirror.per_million)};
      if (mirror.cluster.valid()) one.port = snapshot_.clusters[mirror.cluster.value].port;
    }
    return all;
  }

  // Each that is expected must be one of the rule, and there must be no more.
  void CheckMirrors() {
    if (!expect_.mirrors) return;
    std::vector<ExpectedMirror> rest = Mirrors();
    std::vector<std::string> got;
    for (const ExpectedMirror& mirror : rest) got.push_back(MirrorText(mirror));
    bool same = rest.size() == expect_.mirrors->size();
    std::vector<std::string> wanted;
    for (const ExpectedMirror& mirror : *expect_.mirrors) {
      wanted.push_back(MirrorText(mirror));
      const auto found = std::ranges::find_if(rest, [&](const ExpectedMirror& have) { return Fits(mirror, have); });
      same = same && found != rest.end();
      if (found != rest.end()) rest.erase(found);
    }
    if (!same) Fail("mirrors", Joined(wanted), Joined(got));
  }

  void CheckFault() {
    if (!expect_.fault) return;
    const core::Fault none;
    const core::Fault& fault = plan_.route != nullptr && plan_.route->fault ? *plan_.route->fault : none;
    const auto percent = [&](const char* field, std::optional<double> wanted, std::uint32_t got) {
      if (wanted && !SamePercent(*wanted, PercentOf(got))) {
        Fail(field, PercentText(*wanted), PercentText(PercentOf(got)));
      }
    };
    Time("fault.delay", expect_.fault->delay, fault.delay);
    percent("fault.delayPercent", expect_.fault->delay_percent, fault.delay_per_million);
    Count("fault.abort", expect_.fault->abort,
          fault.abort_http_status ? std::optional<std::uint64_t>(*fault.abort_http_status) : std::nullopt);
    percent("fault.abortPercent", expect_.fault->abort_percent, fault.abort_per_million);
  }

  void CheckAnswer() {
    const std::uint16_t status = answer_ == nullptr ? decision_.refused_status() : answer_->status;
    if (expect_.status && *expect_.status != status) {
      Fail("status", Format("{}", *expect_.status),
           cluster_ == nullptr ? NoDestination() : "sent to " + cluster_->name);
    }
    Text("redirect", expect_.redirect, answer_ == nullptr ? std::string_view() : answer_->location);
    Text("body", expect_.body, answer_ == nullptr ? std::string_view() : answer_->body);
    Text("flag", expect_.flag, answer_ == nullptr ? std::string_view() : answer_->flag);
  }

  void CheckExperiment() {
    Text("experiment", expect_.experiment, plan_.experiment == nullptr ? "" : plan_.experiment->name);
    Text("arm", expect_.arm, core::ArmName(plan_));
    Count("bucket", expect_.bucket,
          plan_.experiment == nullptr ? std::nullopt : std::optional<std::uint64_t>(plan_.bucket));
  }

  void CheckHeaders(const std::string& where, const ExpectedHeaders& wanted, const core::HeaderMap& got) {
    const auto find = [&](const std::string& name) {
      return got.Joined(name, core::LookupHeaderName(name), decision_.arena());
    };
    for (const auto& [name, value] : wanted.set) {
      const auto have = find(name);
      if (have != value) Fail(Format("{}.{}", where, name), value, have ? std::string(*have) : "absent");
    }
    for (const std::string& name : wanted.absent) {
      if (const auto have = find(name)) Fail(Format("{}.{}", where, name), "absent", std::string(*have));
    }
  }

  void CheckRequestHeaders() {
    if (forward_ == nullptr) return Fail("requestHeaders", "a request to the model", NoDestination());
    core::Head sent(decision_.arena());
    sent.method = decision_.head().method;
    sent.scheme = decision_.head().scheme;
    sent.authority = decision_.head().authority;
    sent.path = decision_.head().path;
    sent.headers.CopyFrom(decision_.head().headers);
    core::ApplyRequestHeaders(plan_, sent, decision_.input(), decision_.arena());
    CheckHeaders("requestHeaders", expect_.request_headers, sent.headers);
  }

  void CheckResponseHeaders() {
    core::Head answer(decision_.arena());
    answer.status = answer_ == nullptr ? test_.answer_status : answer_->status;
    if (forward_ != nullptr) {
      for (const auto& [name, value] : test_.answer_headers) answer.headers.AddCopy(name, value);
    }
    if (decision_.refused_status() == 0) {
      core::ApplyResponseHeaders(plan_, decision_.head(), answer, decision_.input(), decision_.arena());
    }
    CheckHeaders("responseHeaders", expect_.response_headers, answer.headers);
  }

  const core::Snapshot& snapshot_;
  core::SampleDecision& decision_;
  const core::Plan& plan_;
  const RouteCase& test_;
  const Expectation& expect_;
  const ForwardPlan* forward_;
  const AnswerPlan* answer_;
  const core::Cluster* cluster_;
  std::vector<CaseFailure> failures_;
};

}  // namespace

std::vector<CaseFailure> CheckDecision(const core::Snapshot& snapshot, core::SampleDecision& decision,
                                       const RouteCase& test) {
  return Checker(snapshot, decision, test).Run();
}

bool NamesRule(const core::Route& route, std::string_view text) {
  const auto names = [&](std::string_view own) {
    return own == route.name || (!own.empty() && core::ParseDecimal(own) == route.rule_index);
  };
  if (text.empty() ? route.name.empty() : names(text)) return true;
  const std::size_t slash = text.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return false;
  const std::string_view service = text.substr(0, slash);
  const std::string_view have = route.virtual_service;
  const bool whole = have == service;
  const bool end =
      have.ends_with(service) && have.size() > service.size() && have[have.size() - service.size() - 1] == '/';
  return (whole || end) && names(text.substr(slash + 1));
}

std::string RuleText(const core::Route* route) {
  if (route == nullptr) return "no rule";
  const std::string name = route->name.empty() ? Format("{}", route->rule_index) : route->name;
  if (route->virtual_service.empty()) return "the rule that a service without rules has";
  return Format("rule {} of {} ({}:{})", name, route->virtual_service, route->file, route->line);
}

std::string RetryOnText(core::RetryPolicy policy) {
  std::ranges::sort(policy.status_codes);
  return core::FormatRetryOn(policy);
}

std::string PercentText(double percent) { return Format("{}%", std::round(percent * 10'000) / 10'000); }

}  // namespace sluice::gateway
