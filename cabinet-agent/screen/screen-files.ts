/**
 * What the page loads beside itself: one style sheet and one script, as text, because an agent's release is one file.
 * Colours are those of the other pages; sizes follow the screen, from a hand's breadth to a door's.
 */
export const screenStyle = `
* { box-sizing: border-box; }
html { background: #fbf9f3; color: #1c2722; line-height: 1.4;
  font: clamp(16px, .7vw + .8vh + 6px, 34px) system-ui, 'PingFang SC', 'Noto Sans CJK SC', 'Microsoft YaHei', 'WenQuanYi Micro Hei', sans-serif; }
body { display: flex; flex-direction: column; min-height: 100vh; margin: 0; padding: 1rem; gap: 1rem; }
h1, h2, p, ul, figure { margin: 0; padding: 0; }
ul { list-style: none; }
i, em { font-style: normal; }
#gone { position: fixed; inset: 0; z-index: 1; display: grid; place-items: center; padding: 2rem; background: #12301f; color: #fff; font-size: 1.6rem; text-align: center; }
#gone[hidden] { display: none; }
#head { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1rem; }
.brand { flex: 1; font-size: 1.2rem; }
.brand b { color: #1f5f3d; }
.code { white-space: nowrap; }
.network { padding: .1rem .8rem; border-radius: 2rem; background: #fbe4e3; color: #a3242c; }
.network.is-on { background: #dcefe2; color: #12301f; }
.language { display: inline-grid; min-width: 3rem; min-height: 2.8rem; place-items: center; padding: 0 .8rem; border: 1px solid #c9c4b4; border-radius: 2rem; color: #1c2722; text-decoration: none; }
.language:focus-visible { outline: 3px solid #e97e1f; }
main { display: grid; flex: 1; gap: 1rem; align-items: start; align-content: start; }
.stage { padding: 1.2rem 1.4rem; border-radius: 1rem; background: #1a4a30; color: #fff; }
.stage h1 { font-size: 2rem; line-height: 1.25; }
.stage.is-trouble { background: #a3242c; }
.stage.is-busy { background: #2a7a50; }
.stage.is-closing { background: #a94e08; }
.scan { display: grid; gap: .4rem; justify-items: center; padding: 1.2rem; }
.scan svg { width: min(100%, 19rem, 48vh); border-radius: 1rem; background: #fff; fill: #12301f; }
.notices li { margin-top: .6rem; padding: .6rem 1rem; border-radius: .6rem; background: #fdebd7; color: #7a3804; font-size: 1.1rem; }
.cart, #shelf { padding: 1rem 1.2rem; border: 1px solid #e2ded2; border-radius: 1rem; background: #fff; }
.cart { margin-top: 1rem; }
h2 { font-size: 1.1rem; color: #1a4a30; }
.lines li, .total { display: flex; gap: .8rem; align-items: baseline; padding: .5rem 0; border-bottom: 1px solid #e2ded2; }
.lines span, .total span { flex: 1; }
.total { border: 0; font-size: 1.4rem; }
small, .preview, .empty, em { color: #55635c; }
.empty { padding: .8rem 0; }
#shelf ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(12.5rem, 100%), 1fr)); gap: 0 1.4rem; }
#shelf li { display: grid; grid-template-columns: 2rem 1fr auto; gap: 0 .5rem; align-items: baseline; padding: .5rem 0; border-bottom: 1px solid #e2ded2; }
#shelf i { display: inline-grid; width: 1.8rem; height: 1.8rem; place-items: center; border-radius: 50%; background: #dcefe2; color: #12301f; font-size: .9rem; }
#shelf b { white-space: nowrap; }
#shelf em { grid-column: 2 / -1; font-size: .9rem; }
#shelf .is-off span, #shelf .is-off b, #shelf .is-off small { color: #6b6f6c; font-weight: 400; }
#shelf .is-off i { background: #ece9df; }
#shelf .is-off em { color: #a3242c; }
@media (orientation: landscape) and (width >= 600px) { main { grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); } }
@media (orientation: portrait) and (width >= 700px) { .scan svg { width: min(60vw, 34vh); } .stage h1 { font-size: 2.6rem; } }
@media (height < 600px) { body { padding: .5rem; gap: .5rem; } .stage { padding: .6rem 1rem; } .scan { padding: .4rem; } #shelf { padding: .5rem 1rem; } #shelf li { padding: .2rem 0; } }
`

/** Longest silence of a living agent, ms; it says something at least every `aliveEveryMs`. */
export const silenceMs = 25_000

export const screenScript = `
const gone = document.getElementById('gone')
let silence
const hear = () => {
  gone.hidden = true
  clearTimeout(silence)
  silence = setTimeout(() => { gone.hidden = false }, ${silenceMs})
}
const { language, agent } = document.body.dataset
const source = new EventSource('/events?lang=' + language + '&agent=' + agent)
source.addEventListener('open', hear)
source.addEventListener('alive', hear)
source.addEventListener('message', ({ data }) => {
  hear()
  for (const [id, html] of Object.entries(JSON.parse(data))) document.getElementById(id).innerHTML = html
})
source.addEventListener('error', () => {
  gone.hidden = false
  // A browser gives up on an answer that is no stream, as another version of the agent gives; the page asks again by itself.
  if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 3000)
})
`
