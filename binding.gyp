{
  "targets": [
    {
      "target_name": "callgate",
      "sources": [
        "addon/module.cc",
        "addon/arguments.cc",
        "addon/entry.cc",
        "addon/error.cc",
        "addon/filter.cc",
        "addon/gate.cc",
        "addon/held.cc",
        "addon/inner.cc",
        "addon/launch.cc",
        "addon/load.cc",
        "addon/lock.cc",
        "addon/log.cc",
        "addon/maps.cc",
        "addon/pass.cc",
        "addon/peer.cc",
        "addon/pidfd.cc",
        "addon/pins.cc",
        "addon/plan.cc",
        "addon/poll.cc",
        "addon/probe.cc",
        "addon/ring.cc",
        "addon/state.cc",
        "addon/subject.cc",
        "addon/terminal.cc",
        "addon/trial.cc",
        "addon/watch.cc",
        "launcher/held.c"
      ],
      "actions": [
        {
          "action_name": "bpf",
          "inputs": [
            "scripts/build-bpf",
            "<!@(find bpf -type f)"
          ],
          "outputs": ["out/bpf/callgate.skel.h"],
          "action": ["scripts/build-bpf"]
        }
      ],
      "include_dirs": [
        "<!(node -p \"require('node-addon-api').include_dir\")",
        "bpf",
        "out/bpf"
      ],
      "defines": ["NAPI_VERSION=8", "NAPI_DISABLE_CPP_EXCEPTIONS", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["-std=c++17", "-fno-exceptions", "-Wall", "-Wextra", "-Werror"],
      "libraries": ["-lbpf", "-lseccomp"]
    },
    {
      "target_name": "launcher",
      "product_name": "callgate",
      "type": "executable",
      "sources": ["launcher/callgate.c", "launcher/held.c", "launcher/watcher.c"],
      "cflags": ["-std=gnu11", "-Wall", "-Wextra", "-Werror"],
      "ldflags": ["-static"]
    }
  ]
}
