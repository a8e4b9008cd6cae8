// cli/terminal.hpp - tools/vireo at a terminal: somebody types, and waits until something is shown.
#pragma once

#include <string>
#include <string_view>

#include <cli/tool.hpp>
#include <sys/types.h>

#include <termios.h>

namespace cli {

class Terminal {
public:
    explicit Terminal(const Words& arguments);
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    void type(std::string_view bytes) const;
    // Waits until that is shown behind what was waited for before; gives what is between. It fails
    // the test after a time that only an end that never comes takes.
    std::string wait_for(std::string_view text);
    // Waits for the end of the tool. Its status, or 128 + signal.
    int end();
    void kill(int signal) const;
    void resize(unsigned short columns) const;
    // The terminal is as it was before the tool began; while it runs, too.
    bool as_before() const;
    // Everything that was shown.
    const std::string& shown() const { return shown_; }

private:
    bool read();

    int keys_ = -1;    // our end
    int screen_ = -1;  // the tool's, kept open to look at its settings
    termios before_{};
    pid_t tool_ = -1;
    int status_ = -1;
    std::string shown_;
    size_t seen_ = 0;
};

}  // namespace cli
