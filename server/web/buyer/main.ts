// The buyer's page, for a phone: composition root.
import { createApp } from 'vue'
import { delay } from '#shared/time/clock.ts'
import { commonCatalogue } from '../common/i18n/common-messages.ts'
import { createWebContext } from '../common/create-web-context.ts'
import { webContextKey } from '../common/web-context.ts'
import '../common/style/tokens.css'
import './buyer.css'
import BuyerApp from './buyer-app.vue'
import { createBuyerLive, buyerLiveKey } from './session/buyer-live.ts'
import { askFirstShelf, firstShelfKey } from './session/first-shelf.ts'
import { createBuyerRouter } from './router.ts'
import { buyerCatalogue } from './i18n/buyer-messages.ts'

/** What stands in the page's HTML is there to be looked at meanwhile. */
const longestWaitMs = 300

const context = createWebContext(window)
const firstShelf = askFirstShelf(context)
const live = createBuyerLive(context, (url) => new WebSocket(url))
if (context.locale.value === 'en') await Promise.all([commonCatalogue.loadEnglish(), buyerCatalogue.loadEnglish()])

const router = createBuyerRouter(context)
const app = createApp(BuyerApp)
  .provide(webContextKey, context)
  .provide(buyerLiveKey, live)
  .provide(firstShelfKey, firstShelf)
  .use(router)
// Drawn once, with the replies that came beside the scripts, and not three times on a slow processor; where they do not come, the
// page says soon that it loads.
await Promise.race([Promise.allSettled([router.isReady(), firstShelf.settled]), delay(context.clock, longestWaitMs)])
app.mount('#app')
