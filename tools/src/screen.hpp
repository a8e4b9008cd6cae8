// screen.hpp - the guest's console and its log on one terminal: lines of the log are put above the
// line that the cursor is in, which is drawn again below them.
#pragma once

#include "guest_log.hpp"

#include <string>
#include <string_view>

namespace vireo {

class Screen {
public:
    // What that program prints is shown without time and name.
    explicit Screen(std::string shell) : shell_{std::move(shell)} {}

    // Both say what to write to the terminal.
    std::string console(std::string_view bytes);
    std::string line(const std::string& text);
    // So that what others write next begins a line.
    std::string end() const { return open_line_.empty() ? "" : "\n"; }

private:
    std::string shell_;
    // Since the last return or line end: written again, it draws the cursor's line (as
    // vsh/line_editor.hpp promises).
    std::string open_line_;
    OutputJoiner outputs_;
};

}  // namespace vireo
