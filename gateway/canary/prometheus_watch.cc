#include "gateway/canary/prometheus_watch.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "config/format.h"
#include "gateway/canary/prometheus_query.h"

namespace sluice::gateway {
namespace {

using config::Format;
using core::PrometheusGate;
using core::PrometheusReading;
using State = PrometheusReading::State;
using Samples = core::Result<std::vector<PrometheusSample>>;

// Six digits say enough to people.
std::string Short(double value) {
  std::array<char, 40> digits{};
  const auto [stop, error] =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::general, 6);
  return error == std::errc() ? std::string(digits.data(), stop) : std::string("?");
}

// How far within its bounds a value lies; negative: outside.
double Margin(const PrometheusGate& gate, double value) {
  double margin = std::numeric_limits<double>::infinity();
  if (gate.max.has_value()) margin = std::min(margin, *gate.max - value);
  if (gate.min.has_value()) margin = std::min(margin, value - *gate.min);
  return margin;
}

std::string Told(const std::string& text, const PrometheusSample& sample) {
  return sample.labels.empty() ? text : text + " " + sample.labels;
}

PrometheusReading Read(const PrometheusGate& gate, const Samples& samples) {
  if (!samples.has_value()) return {State::kNoData, 0, samples.error().Text()};
  const PrometheusSample* worst = nullptr;
  const PrometheusSample* strange = nullptr;  // NaN or infinite
  double least = 0;
  for (const PrometheusSample& sample : *samples) {
    if (!std::isfinite(sample.value)) strange = &sample;
    if (std::isnan(sample.value)) continue;
    const double margin = Margin(gate, sample.value);
    if (worst != nullptr && margin >= least) continue;
    worst = &sample;
    least = margin;
  }
  if (worst != nullptr && least < 0) {
    const bool above = gate.max.has_value() && worst->value > *gate.max;
    const std::string_view sign = above ? ">" : "<";
    return {State::kBad, worst->value,
            Told(Format("{} {} {}", Short(worst->value), sign, Short(above ? *gate.max : *gate.min)), *worst)};
  }
  // 0 / 0 where nothing was asked: not fine only because nothing else is bad.
  if (strange != nullptr) return {State::kNoData, 0, Told(Format("{} is no number", Short(strange->value)), *strange)};
  if (worst == nullptr) return {State::kNoData, 0, "no sample"};
  return {State::kFine, worst->value, Told(Short(worst->value), *worst)};
}

}  // namespace

struct PrometheusWatch::Gate {
  Gate(boost::asio::io_context& context, PrometheusGate gate, PrometheusReading& into)
      : spec(std::move(gate)), query(context), reading(into) {}

  void Tick(core::TimePoint now) {
    if (query.running() || (due.has_value() && now < *due)) return;
    due = now + spec.interval;
    query.Start(spec.address, spec.query, spec.timeout, {&Gate::OnAnswer, this});
  }

  void Reset() {
    query.Cancel();
    due.reset();
    bad_in_row = 0;
    reading = {};
  }

  // A query without data between two bad ones says nothing about them, so it does not end the row.
  static void OnAnswer(void* self, Samples samples) {
    Gate& gate = *static_cast<Gate*>(self);
    gate.reading = Read(gate.spec, samples);
    if (gate.reading.state == State::kFine) gate.bad_in_row = 0;
    if (gate.reading.state != State::kBad) return;
    if (++gate.bad_in_row >= gate.spec.failures) gate.reading.state = State::kBroken;
  }

  PrometheusGate spec;
  PrometheusQuery query;
  PrometheusReading& reading;          // of the watch, whose list never grows
  std::optional<core::TimePoint> due;  // none: at once
  std::uint32_t bad_in_row = 0;
};

PrometheusWatch::PrometheusWatch(boost::asio::io_context& context, std::vector<PrometheusGate> gates)
    : readings_(gates.size()) {
  for (std::size_t i = 0; i < gates.size(); ++i) {
    gates_.push_back(std::make_unique<Gate>(context, std::move(gates[i]), readings_[i]));
  }
}

PrometheusWatch::~PrometheusWatch() = default;

void PrometheusWatch::Reset() {
  for (const auto& gate : gates_) gate->Reset();
}

void PrometheusWatch::Tick(core::TimePoint now) {
  for (const auto& gate : gates_) gate->Tick(now);
}

}  // namespace sluice::gateway
