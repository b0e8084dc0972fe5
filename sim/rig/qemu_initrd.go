package rig

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// cpio writes an archive in the "newc" format that the kernel unpacks.
type cpio struct {
	w    io.Writer
	ino  int
	seen map[string]bool
	err  error
}

const (
	modeDir  = 0o040755
	modeFile = 0o100644
	modeExec = 0o100755
	modeChar = 0o020600
)

// put adds one entry; errors are kept until close.
func (c *cpio) put(name string, mode int, data []byte, major, minor int) {
	if c.err != nil {
		return
	}
	c.ino++
	b := fmt.Appendf(nil, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s\x00",
		c.ino, mode, 0, 0, 1, 0, len(data), 0, 0, major, minor, len(name)+1, 0, name)
	b = append(b, make([]byte, -len(b)&3)...)
	b = append(b, data...)
	b = append(b, make([]byte, -len(b)&3)...)
	_, c.err = c.w.Write(b)
}

// file adds a file and the folders above it.
func (c *cpio) file(name string, mode int, data []byte) {
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	c.folder(path.Dir(name))
	c.put(name, mode, data, 0, 0)
}

func (c *cpio) folder(name string) {
	if name == "." || c.seen[name] {
		return
	}
	c.folder(path.Dir(name))
	c.seen[name] = true
	c.put(name, modeDir, nil, 0, 0)
}

func (c *cpio) close() error {
	c.put("TRAILER!!!", 0, nil, 0, 0)
	return c.err
}

// writeInitrd writes the first file system of a machine.
func writeInitrd(w io.Writer, initProgram string, cfg VMConfig, moduleDir string) error {
	c := &cpio{w: w, seen: make(map[string]bool)}
	c.folder("dev")
	c.put("dev/console", modeChar, nil, 5, 1)
	c.put("dev/null", modeChar, nil, 1, 3)
	mods, err := moduleClosure(moduleDir, cfg.Modules)
	if err != nil {
		return err
	}
	job := map[string][]string{"Args": cfg.Args, "Env": cfg.Env, "Wait": cfg.Wait}
	for _, m := range mods {
		b, err := os.ReadFile(m.path)
		if err != nil {
			return fmt.Errorf("read module: %w", err)
		}
		c.file("lib/modules/"+m.name+".ko", modeFile, b)
		job["Modules"] = append(job["Modules"], m.name)
	}
	b, err := json.Marshal(job)
	if err != nil {
		return fmt.Errorf("write the machine's job: %w", err)
	}
	c.file("etc/rig.json", modeFile, b)
	files := maps.Clone(cfg.Files)
	if files == nil {
		files = make(map[string]string)
	}
	files["init"], files["rig/program"] = initProgram, cfg.Program
	for _, name := range slices.Sorted(maps.Keys(files)) {
		b, err := os.ReadFile(files[name])
		if err != nil {
			return fmt.Errorf("read the machine's file: %w", err)
		}
		c.file(name, modeExec, b)
	}
	if err := c.close(); err != nil {
		return fmt.Errorf("write initrd: %w", err)
	}
	return nil
}

// module is a kernel module's file.
type module struct{ name, path string }

// moduleClosure lists the named modules and all that they need, each after
// what it needs, from the modules' own .modinfo: no depmod is run.
func moduleClosure(dir string, names []string) ([]module, error) {
	files, builtin, err := indexModules(dir)
	if err != nil {
		return nil, err
	}
	var out []module
	done := make(map[string]bool)
	var visit func(name, by string) error
	visit = func(name, by string) error {
		name = strings.ReplaceAll(name, "-", "_")
		if name == "" || done[name] || builtin[name] {
			return nil
		}
		done[name] = true
		file, ok := files[name]
		if !ok {
			return fmt.Errorf("kernel module %s, needed by %s, is not under %s", name, by, dir)
		}
		needs, err := moduleNeeds(file)
		if err != nil {
			return err
		}
		for _, n := range needs {
			if err := visit(n, name); err != nil {
				return err
			}
		}
		out = append(out, module{name, file})
		return nil
	}
	for _, n := range names {
		if err := visit(n, "the machine"); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func indexModules(dir string) (files map[string]string, builtin map[string]bool, err error) {
	files, builtin = make(map[string]string), make(map[string]bool)
	name := func(p string) string {
		return strings.ReplaceAll(strings.TrimSuffix(filepath.Base(p), ".ko"), "-", "_")
	}
	err = filepath.WalkDir(dir, func(p string, _ fs.DirEntry, err error) error {
		if strings.HasSuffix(p, ".ko") {
			files[name(p)] = p
		}
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("list kernel modules: %w", err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "modules.builtin"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("list built-in modules: %w", err)
	}
	for _, l := range strings.Fields(string(b)) {
		builtin[name(l)] = true
	}
	return files, builtin, nil
}

// moduleNeeds are the modules that one needs before it.
func moduleNeeds(file string) ([]string, error) {
	f, err := elf.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read module %s: %w", file, err)
	}
	defer f.Close()
	s := f.Section(".modinfo")
	if s == nil {
		return nil, fmt.Errorf("read module %s: no .modinfo", file)
	}
	b, err := s.Data()
	if err != nil {
		return nil, fmt.Errorf("read module %s: %w", file, err)
	}
	var needs []string
	for kv := range bytes.SplitSeq(b, []byte{0}) {
		k, v, _ := strings.Cut(string(kv), "=")
		if pre, ok := strings.CutPrefix(v, "pre: "); ok && k == "softdep" {
			needs = append(needs, strings.Fields(pre)...)
		}
		if k == "depends" {
			needs = append(needs, strings.Split(v, ",")...)
		}
	}
	return needs, nil
}

// kernelIn finds the kernel and its modules in a folder that a Debian
// linux-image package was unpacked to (dpkg-deb -x).
func kernelIn(dir string) (image, modules string, err error) {
	images, _ := filepath.Glob(filepath.Join(dir, "boot", "vmlinuz-*")) // the pattern is good
	if len(images) == 0 {
		return "", "", fmt.Errorf("no kernel boot/vmlinuz-* in %q: unpack a linux-image package there", dir)
	}
	slices.Sort(images)
	image = images[len(images)-1]
	version := strings.TrimPrefix(filepath.Base(image), "vmlinuz-")
	modules = filepath.Join(dir, "lib", "modules", version)
	if _, err := os.Stat(modules); err != nil {
		return "", "", fmt.Errorf("find the modules of kernel %s: %w", version, err)
	}
	return image, modules, nil
}

// xzPayload is where an x86 bzImage holds its compressed kernel, if that is xz.
func xzPayload(bz []byte) ([]byte, bool) {
	le := binary.LittleEndian
	if len(bz) < 0x250 || le.Uint32(bz[0x202:]) != 0x53726448 { // "HdrS"
		return nil, false
	}
	start := (int(bz[0x1f1])+1)*512 + int(le.Uint32(bz[0x248:]))
	end := start + int(le.Uint32(bz[0x24c:]))
	if start > end || end > len(bz) || !bytes.HasPrefix(bz[start:], []byte("\xfd7zXZ\x00")) {
		return nil, false
	}
	return bz[start:end], true
}
