// What is open to everybody: notices, the published days and a box that checks a proof. Composition root.
import { createApp } from 'vue'
import { commonCatalogue } from '../common/i18n/common-messages.ts'
import { createWebContext } from '../common/create-web-context.ts'
import { webContextKey } from '../common/web-context.ts'
import '../common/style/tokens.css'
import './disclosure.css'
import DisclosureApp from './disclosure-app.vue'
import { disclosureCatalogue } from './disclosure-messages.ts'

const context = createWebContext(window)
if (context.locale.value === 'en') await Promise.all([commonCatalogue.loadEnglish(), disclosureCatalogue.loadEnglish()])

createApp(DisclosureApp).provide(webContextKey, context).mount('#app')
