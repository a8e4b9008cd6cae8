// vsh/output.hpp - what the shell prints: results, and complaints that begin with "vsh: ".
#pragma once

#include <string_view>

#include <base/text.hpp>
#include <sys/log.hpp>

namespace vsh {

// Exit status of a command.
enum class Status : int {
    done = 0,
    failed = 1,   // the system said no
    misused = 2,  // unknown command or bad argument
};

using Line = text::Buffer<400>;

inline void print(const text::Writer& line) { sys::out(line.view()); }

// Errno's name of an error, as users of other systems know it.
constexpr std::string_view errno_name(Errc why)
{
    switch (why) {
    case Errc::ok:
        return "OK";
    case Errc::not_found:
        return "ENOENT";
    case Errc::device_fault:
        return "EIO";
    case Errc::no_device:
        return "ENXIO";
    case Errc::too_big:
        return "E2BIG";
    case Errc::bad_handle:
        return "EBADF";
    case Errc::would_block:
        return "EAGAIN";
    case Errc::no_memory:
        return "ENOMEM";
    case Errc::denied:
        return "EACCES";
    case Errc::fault:
        return "EFAULT";
    case Errc::busy:
        return "EBUSY";
    case Errc::exists:
        return "EEXIST";
    case Errc::bad_argument:
        return "EINVAL";
    case Errc::not_exclusive:
        return "ETXTBSY";
    case Errc::no_space:
        return "ENOSPC";
    case Errc::read_only:
        return "EROFS";
    case Errc::peer_gone:
        return "EPIPE";
    case Errc::out_of_range:
        return "ERANGE";
    case Errc::malformed:
        return "EBADMSG";
    case Errc::wrong_kind:
        return "ENOTSOCK";
    case Errc::not_supported:
        return "EOPNOTSUPP";
    case Errc::timed_out:
        return "ETIMEDOUT";
    case Errc::gave_up:
        return "EHOSTDOWN";
    case Errc::peer_restarted:
        return "ESTALE";
    case Errc::over_quota:
        return "EDQUOT";
    case Errc::cancelled:
        return "ECANCELED";
    }
    return "E?";
}

// "vsh: WHAT: NAME (ERRNO)"
inline Status complain(std::string_view what, Errc why)
{
    Line line;
    line.put("vsh: ")
        .put(what)
        .put(": ")
        .put(sys::error_name(why))
        .put(" (")
        .put(errno_name(why))
        .put(")");
    print(line);
    return Status::failed;
}

}  // namespace vsh
