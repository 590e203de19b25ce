#include "gateway/cli/terminal.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "gateway/cli/exit_code.h"

namespace sluice::gateway {
namespace {

constexpr std::string_view kGap = "   ";

std::string Cell(const std::string& text) {
  std::string cell = text.empty() ? "-" : text;
  for (char& c : cell) {
    if ((c >= 0 && c < ' ') || c == '\x7f') c = ' ';
  }
  return cell;
}

// Characters, not bytes: continuation bytes of UTF-8 take no room.
std::size_t Width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

}  // namespace

bool UsesColour() {
  const char* const no = std::getenv("NO_COLOR");
  return ::isatty(STDOUT_FILENO) == 1 && (no == nullptr || *no == '\0');
}

std::string Paint(std::string_view text, Colour colour, bool colours) {
  if (!colours || colour == Colour::kNone) return std::string(text);
  const char* code = "1";
  if (colour == Colour::kRed) code = "31";
  if (colour == Colour::kGreen) code = "32";
  if (colour == Colour::kCyan) code = "36";
  return std::string("\x1b[") + code + 'm' + std::string(text) + "\x1b[0m";
}

void PrintOut(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void PrintErr(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fputc('\n', stderr);
}

int Report(const core::Error& error) {
  PrintErr("sluice: " + error.Text());
  if (error.code == core::ErrorCode::kUnavailable) return kExitUnreachable;
  return error.code == core::ErrorCode::kInvalidArgument ? kExitUsage : kExitFailure;
}

void PrintJson(const config::Json& json) {
  PrintOut(json.dump(2, ' ', false, config::Json::error_handler_t::replace) + '\n');
}

std::string Columns(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(Cell(row[i])));
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string cell = Cell(row[i]);
      text += cell;
      if (i + 1 < row.size()) text.append(widths[i] - Width(cell), ' ').append(kGap);
    }
    text += '\n';
  }
  return text;
}

}  // namespace sluice::gateway
