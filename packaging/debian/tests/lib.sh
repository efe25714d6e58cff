# What the tests share: a redis-server and formyd of their own, in a folder that is removed.
set -eu
work=$(mktemp -d)
redis=
worker=

finish() {
    code=$?
    trap - EXIT
    if [ "$code" -ne 0 ] && [ -e "$work/formyd.log" ]; then
        cat "$work/formyd.log" >&2
    fi
    for pid in $worker $redis; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" || true
    done
    rm -rf "$work"
    exit "$code"
}
trap finish EXIT

# until_there COMMAND...: asks for 20 s.
until_there() {
    tries=200
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { echo "not in time: $*" >&2; exit 1; }
        sleep 0.1
    done
}

# start TEXT: both of them, with this text at the end of formy.conf.
start() {
    server=$(command -v redis-server || command -v valkey-server)
    "$server" --port 0 --unixsocket "$work/redis.sock" --save '' --dir "$work" >"$work/redis.log" &
    redis=$!
    until_there test -S "$work/redis.sock"
    cat >"$work/formy.conf" <<CONF
redis { unix_socket = "$work/redis.sock" }
storage { uploads = "$work/uploads" results = "$work/results" }
worker { executors = 2 }
$1
CONF
    formyd -c "$work/formy.conf" 2>"$work/formyd.log" &
    worker=$!
    until_there formy -c "$work/formy.conf" -q health
}

# picture FILE: something to work on.
picture() {
    python3 -c 'import sys
from PIL import Image
Image.radial_gradient("L").convert("RGB").save(sys.argv[1])' "$1"
}

# person FILE: somebody, drawn, whom the engine takes for a person.
person() {
    python3 - "$1" <<'PY'
import sys
from PIL import Image, ImageDraw, ImageFilter
image = Image.new("RGB", (480, 640), (120, 150, 180))
draw = ImageDraw.Draw(image)
draw.ellipse((60, 380, 420, 900), fill=(60, 60, 120))
draw.rectangle((205, 300, 275, 430), fill=(215, 165, 140))
draw.ellipse((155, 120, 325, 350), fill=(225, 175, 150))
draw.pieslice((145, 95, 335, 330), 180, 360, fill=(60, 40, 25))
for x in (205, 275):
    draw.ellipse((x - 14, 215, x + 14, 229), fill=(255, 255, 255))
    draw.ellipse((x - 6, 216, x + 6, 228), fill=(40, 30, 20))
draw.polygon(((240, 230), (228, 272), (252, 272)), fill=(205, 150, 125))
draw.ellipse((208, 292, 272, 310), fill=(180, 80, 80))
image.filter(ImageFilter.GaussianBlur(2)).save(sys.argv[1])
PY
}
