(d => {
	const tts = window.speechSynthesis, root = d.documentElement, one = s => d.querySelector(s)
	let busy, lost, up = 0
	// The browser's own voice for the page's language: one that sends nothing.
	const voice = () => tts?.getVoices().find(
		v => v.localService && v.lang.slice(0, 2) == root.lang)
	const ready = () => {
		const b = one('[data-stop]')
		if (b) b.hidden = !voice()
		lost = one('#lost') || lost
	}
	const leave = to => {
		d.body.remove()
		location.replace(to)
	}
	const show = html => {
		const n = new DOMParser().parseFromString(html, 'text/html'), r = n.documentElement
		tts?.cancel()
		root.lang = r.lang
		root.dir = r.dir
		d.title = n.title
		d.body = n.body
		scrollTo(0, 0)
		const h = one('h1')
		h.tabIndex = -1
		h.focus()
		ready()
	}
	// Posts what the form says. back: the browser's own history has moved already.
	const go = (form, name, value, back) => {
		if (busy) return
		busy = 1
		const body = new URLSearchParams(new FormData(form))
		if (name) body.set(name, value)
		fetch('', { method: 'POST', body }).then(r => {
			if (r.status == 503) throw r
			return r.text()
		}).then(html => {
			show(html)
			const page = one('main').dataset.page
			back || history[page ? 'pushState' : 'replaceState'](page, '')
		}).catch(() => {
			lost.hidden = 0
			one('main').prepend(lost)
			scrollTo(0, 0)
		}).finally(() => busy = 0)
	}
	onsubmit = e => {
		if (e.target.method != 'post') return
		e.preventDefault()
		go(e.target, e.submitter?.name, e.submitter?.value)
	}
	// Only the page's number is in the history: the answers come from the form.
	onpopstate = e => {
		const f = [...d.forms].find(f => f.elements.nonce)
		f ? go(f, 'page', e.state || 0, 1) : location.reload()
	}
	onclick = e => {
		const t = e.target
		if (t.className == 'leave') leave(t.href), e.preventDefault()
		if (!t.dataset.stop) return
		if (tts.speaking) return tts.cancel()
		const name = t.innerText, u = new SpeechSynthesisUtterance(
			[...d.querySelectorAll('main :is(h1,h2,p,li,dt,b,.option)')]
				.filter(x => x.offsetParent).map(x => x.innerText).join('. '))
		u.voice = voice()
		u.lang = u.voice.lang
		t.innerText = t.dataset.stop
		u.onend = u.onerror = () => t.innerText = name
		tts.speak(u)
	}
	onkeydown = e => {
		up = e.key == 'Shift' ? up + !e.repeat : 0
		if (up == 3) leave(one('.leave').href)
	}
	onload = ready
	if (tts) tts.onvoiceschanged = ready
})(document)
