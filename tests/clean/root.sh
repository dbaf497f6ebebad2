# Fresh roots of Debian, made by debootstrap and kept in $home; to be sourced.
home=$PWD/build/clean
mkdir -p "$home"

make_root() { # NAME RELEASE [PACKAGES]
  [ -e "$home/$1/.whole" ] && return
  rm -rf "${home:?}/$1"
  debootstrap --variant=minbase --include="ca-certificates${3:+,$3}" "$2" "$home/$1" >"$home/$1.log" 2>&1 ||
    { tail -n 5 "$home/$1.log" >&2; return 1; }
  touch "$home/$1/.whole"
}

devices() { # ROOT; what every container has
  local name
  mount -t tmpfs -o mode=755 none "$1/dev"
  mkdir "$1/dev/pts" "$1/dev/shm"
  for name in null zero full random urandom tty; do
    touch "$1/dev/$name"
    mount --bind "/dev/$name" "$1/dev/$name"
  done
  mount -t devpts -o newinstance,ptmxmode=0666 none "$1/dev/pts"
  ln -s pts/ptmx "$1/dev/ptmx"
  ln -s /proc/self/fd "$1/dev/fd"
  ln -s fd/0 "$1/dev/stdin"
  ln -s fd/1 "$1/dev/stdout"
  ln -s fd/2 "$1/dev/stderr"
  mount -t tmpfs -o mode=1777 none "$1/dev/shm"
}

# Sets $root: what is written there is gone with the namespaces of who called this.
overlay() { # NAME
  local top=$home/$1.top
  mkdir -p "$top"
  root=$top/root
  mount -t tmpfs -o mode=755 none "$top"
  mkdir "$top/upper" "$top/work" "$root"
  mount -t overlay overlay -o "lowerdir=$home/$1,upperdir=$top/upper,workdir=$top/work" "$root"
}

fresh_layer() { # NAME; an overlay in which programs can run
  overlay "$1"
  mount -t proc none "$root/proc"
  mount -t sysfs none "$root/sys"
  devices "$root"
}

# COMMAND...: all that it starts ends with it.
in_namespaces=(unshare --mount --pid --fork --kill-child --uts --propagation private)
