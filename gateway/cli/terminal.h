// What verbs print on: whether people watch, colours for them, columns, and JSON for tools. Main thread of its own
// process.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/resource_json.h"
#include "core/base/result.h"

namespace sluice::gateway {

enum class Colour : unsigned char { kNone, kBold, kRed, kGreen, kCyan };

// Stdout is a terminal and NO_COLOR is not set (no-color.org).
bool UsesColour();
// `text` in that colour when `colours`, else as it is.
std::string Paint(std::string_view text, Colour colour, bool colours);

void PrintOut(std::string_view text);  // on stdout, as it is
void PrintErr(std::string_view line);  // on stderr, with a line break

// An error on stderr, "sluice: cause; cure"; returns the exit code that goes with it.
int Report(const core::Error& error);

// On stdout, indented; bytes that are no UTF-8 become U+FFFD.
void PrintJson(const config::Json& json);

// `rows` in columns, the first row being the head; the last column is not padded. Control characters become blanks.
std::string Columns(const std::vector<std::vector<std::string>>& rows);

}  // namespace sluice::gateway
