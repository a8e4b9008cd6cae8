// peer/serve.hpp - the peer behind a socket where QEMU connects, once. What it has to send waits as
// long as the guest likes.
#pragma once

namespace peer {

// Until QEMU is gone. `listening`: a socket that listens. An exit status.
int serve(int listening);

}  // namespace peer
