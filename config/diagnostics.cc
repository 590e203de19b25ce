#include "config/diagnostics.h"

#include "config/format.h"
#include "config/utf8.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace sluice::config {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

// A value from a file may hold line breaks and terminal commands: they are shown, never carried out.
std::string OneLine(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      line += c;
    } else if (c == '\n') {
      line += "\\n";
    } else {
      line += "\\x";
      line += kHex[byte >> 4];
      line += kHex[byte & 15];
    }
  }
  return line;
}

void AppendEscaped(std::string& json, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '"': json += "\\\""; break;
      case '\\': json += "\\\\"; break;
      case '\n': json += "\\n"; break;
      case '\r': json += "\\r"; break;
      case '\t': json += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          json += "\\u00";
          json += kHex[static_cast<unsigned char>(c) >> 4];
          json += kHex[static_cast<unsigned char>(c) & 15];
        } else {
          json += c;
        }
    }
  }
}

// Messages quote what was written, cut short: half a character becomes '?'.
void MendCuts(std::string& text) {
  while (const auto bad = FindInvalidUtf8(text)) text[*bad] = '?';
}

}  // namespace

std::string_view SeverityText(Severity severity) {
  constexpr std::array<std::string_view, 3> kTexts = {"info", "warning", "error"};
  return kTexts.at(static_cast<std::size_t>(severity));
}

std::string FormatWitness(const Witness& witness) {
  std::string text = Format("{} {} Host: {}", witness.method, witness.target, witness.authority);
  for (const auto& [name, value] : witness.headers) text += Format(" {}: {}", name, value);
  if (witness.scheme != "http") text += Format(" (by {})", witness.scheme);
  if (witness.port != 0) text += Format(" (on port {})", witness.port);
  return text;
}

std::string FormatFinding(const Finding& finding) {
  const std::string cure = finding.cure.empty() ? "" : "; " + finding.cure;
  return OneLine(Format("{}:{}:{}: {} {} {}{}", finding.place.file, finding.place.mark.line, finding.place.mark.column,
                        SeverityText(finding.severity), finding.code, finding.message, cure));
}

std::string JsonQuote(std::string_view text) {
  std::string quoted = "\"";
  // Names of files need not be UTF-8: what is not becomes the replacement character.
  while (const auto bad = FindInvalidUtf8(text)) {
    AppendEscaped(quoted, text.substr(0, *bad));
    quoted += "\\ufffd";
    text.remove_prefix(*bad + 1);
  }
  AppendEscaped(quoted, text);
  return quoted + '"';
}

namespace {

std::string FormatWitnessJson(const Witness& witness) {
  std::string headers;
  for (const auto& [name, value] : witness.headers) {
    headers += Format("{}[{},{}]", headers.empty() ? "" : ",", JsonQuote(name), JsonQuote(value));
  }
  return Format(
      R"({"method":{},"scheme":{},"authority":{},"target":{},"headers":[{}],"port":{},"takenBy":{"file":{},"line":{}}})",
      JsonQuote(witness.method), JsonQuote(witness.scheme), JsonQuote(witness.authority), JsonQuote(witness.target),
      headers, witness.port, JsonQuote(witness.taken_by.file), witness.taken_by.mark.line);
}

}  // namespace

std::string FormatFindingsJson(const std::vector<Finding>& findings) {
  std::array<std::size_t, 3> counts{};
  std::string list;
  for (const Finding& finding : findings) {
    ++counts.at(static_cast<std::size_t>(finding.severity));
    if (!list.empty()) list += ',';
    list +=
        Format(R"({"severity":{},"code":{},"file":{},"line":{},"column":{},"message":{},"cure":{}{}})",
               JsonQuote(SeverityText(finding.severity)), JsonQuote(finding.code), JsonQuote(finding.place.file),
               finding.place.mark.line, finding.place.mark.column, JsonQuote(finding.message), JsonQuote(finding.cure),
               finding.witness ? ",\"witness\":" + FormatWitnessJson(*finding.witness) : "");
  }
  return Format(R"({"findings":[{}],"errors":{},"warnings":{},"infos":{}})", list,
                counts[static_cast<std::size_t>(Severity::kError)],
                counts[static_cast<std::size_t>(Severity::kWarning)],
                counts[static_cast<std::size_t>(Severity::kInfo)]);
}

void Findings::Error(std::string_view code, Place place, std::string message, std::string cure) {
  Add({Severity::kError, std::string(code), std::move(message), std::move(cure), std::move(place), {}});
}

void Findings::Warn(std::string_view code, Place place, std::string message, std::string cure) {
  Add({Severity::kWarning, std::string(code), std::move(message), std::move(cure), std::move(place), {}});
}

void Findings::Info(std::string_view code, Place place, std::string message, std::string cure) {
  Add({Severity::kInfo, std::string(code), std::move(message), std::move(cure), std::move(place), {}});
}

void Findings::Add(Finding finding) {
  const bool error = finding.severity == Severity::kError;
  if (error) ++errors_;
  // An error is what the reader came for: it is kept even when notes have filled the list.
  if (findings_.size() >= kMax && !(error && errors_ == 1)) {
    ++dropped_;
    return;
  }
  MendCuts(finding.message);
  MendCuts(finding.cure);
  findings_.push_back(std::move(finding));
}

std::vector<Finding> Findings::Take() {
  std::ranges::stable_sort(findings_, {}, [](const Finding& finding) {
    return std::tuple(std::string_view(finding.place.file), finding.place.mark.line, finding.place.mark.column);
  });
  if (dropped_ > 0) {
    const Severity severity = errors_ > 0 ? Severity::kError : Severity::kWarning;
    findings_.push_back(
        {severity, "SL1012", Format("{} more findings are not shown", dropped_), "correct those above first", {}});
  }
  errors_ = dropped_ = 0;
  return std::exchange(findings_, {});
}

}  // namespace sluice::config
