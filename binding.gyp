{
  "targets": [
    {
      "target_name": "callgate",
      "sources": [
        "addon/module.cc",
        "addon/error.cc",
        "addon/gate.cc",
        "addon/launch.cc",
        "addon/lock.cc",
        "addon/maps.cc",
        "addon/peer.cc",
        "addon/pidfd.cc",
        "addon/pins.cc",
        "addon/poll.cc",
        "addon/probe.cc",
        "addon/ring.cc",
        "addon/subject.cc",
        "addon/terminal.cc",
        "addon/trial.cc"
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
      "defines": ["NAPI_VERSION=8", "NAPI_DISABLE_CPP_EXCEPTIONS"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["-std=c++17", "-fno-exceptions", "-Wall", "-Wextra", "-Werror"],
      "libraries": ["-lbpf", "-lseccomp"]
    }
  ]
}
