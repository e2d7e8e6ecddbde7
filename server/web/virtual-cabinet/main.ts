// The demo's virtual cabinet: composition root. What is done here moves virtual goods and switches only.
import { createApp } from 'vue'
import { createWebContext } from '../common/create-web-context.ts'
import { webContextKey } from '../common/web-context.ts'
import '../common/style/tokens.css'
import { openSocketKey } from './hands.ts'
import VirtualCabinetApp from './virtual-cabinet-app.vue'

createApp(VirtualCabinetApp)
  .provide(webContextKey, createWebContext(window))
  .provide(openSocketKey, (url) => new WebSocket(url))
  .mount('#app')
