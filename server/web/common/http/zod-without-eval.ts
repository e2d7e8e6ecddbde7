// What `zod` means in the pages (an alias in the build): the same library, told before the first schema exists that it
// must not compile parsers with `new Function`, because the pages' content security policy forbids it.
import * as z from 'zod/v4'

z.config({ jitless: true })

export { z }
